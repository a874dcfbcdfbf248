import type { EndpointSlice, Service } from "../../api/index.ts";
import { quote } from "../../apimachinery/index.ts";
import type { Random } from "../../base/index.ts";
import type { ClusterObjects } from "../admission/objects.ts";

export interface ServiceAddress {
  readonly host: string;
  readonly port: number;
}

/** Where servers behind Services are reached: webhooks, and those of other group versions. */
export interface ServiceResolver {
  /** Throws upstream's words for a Service that leads nowhere. */
  resolve(namespace: string, name: string, port: number): ServiceAddress;
}

/**
 * By the Service's own address, as a node's proxy routes it; or, with `--enable-aggregator-routing`, by one of its
 * endpoints. Upstream: `ResolveCluster`, `ResolveEndpoint`.
 */
export function serviceResolver(objects: ClusterObjects, random: Random, byEndpoints = false): ServiceResolver {
  return {
    resolve(namespace, name, port) {
      const service = objects.get<Service>("", "services", namespace, name);
      if (service === undefined) throw new Error(`service ${quote(name)} not found`);
      if (!byEndpoints) return ownAddress(service, port);
      const slices = [...objects.list<EndpointSlice>("discovery.k8s.io", "endpointslices", namespace)];
      return endpointOf(service, slices.filter(belongsTo(name)), port, random);
    },
  };
}

const routed = new Set(["ClusterIP", "LoadBalancer", "NodePort"]);

function ownAddress({ metadata, spec }: Service, port: number): ServiceAddress {
  const { type = "ClusterIP", clusterIP = "", externalName = "" } = spec ?? {};
  if (type === "ClusterIP" && clusterIP === "None") throw new Error('cannot route to service with ClusterIP "None"');
  if (type === "ExternalName") return { host: externalName, port };
  if (!routed.has(type)) throw new Error(`unsupported service type ${quote(type)}`);
  portOf(metadata.name ?? "", spec, port);
  return { host: clusterIP, port };
}

function portOf(name: string, spec: Service["spec"], port: number): string {
  const found = spec?.ports?.find((one) => one.port === port);
  if (found === undefined) throw new Error(`no service port ${port} found for service ${quote(name)}`);
  return found.name ?? "";
}

function belongsTo(service: string): (slice: EndpointSlice) => boolean {
  return ({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === service;
}

/** A ready endpoint by chance; of the Service's first address family when there is one. */
function endpointOf(
  { metadata, spec }: Service,
  slices: readonly EndpointSlice[],
  port: number,
  random: Random,
): ServiceAddress {
  const { type = "ClusterIP", ipFamilies = [] } = spec ?? {};
  if (!routed.has(type)) throw new Error(`unsupported service type ${quote(type)}`);
  const name = metadata.name ?? "";
  const portName = portOf(name, spec, port);
  const found = slices.flatMap(({ addressType, endpoints, ports }) => {
    const target = ports?.find((one) => (one.name ?? "") === portName)?.port;
    if (target === undefined) return [];
    const hosts = (endpoints ?? []).flatMap(({ conditions, addresses }) =>
      conditions?.ready === false ? [] : (addresses[0] ?? []),
    );
    return hosts.map((host) => ({ host, port: target, preferred: addressType === ipFamilies[0] }));
  });
  const preferred = found.filter((one) => one.preferred);
  const choice = preferred.length > 0 ? preferred : found;
  const chosen = choice[Math.floor(random.next() * choice.length)];
  if (chosen === undefined) throw new Error(`no endpoints available for service ${quote(name)}`);
  return { host: chosen.host, port: chosen.port };
}
