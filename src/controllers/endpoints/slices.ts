import type { discoveryV1, EndpointSlice, Node, Pod, Service } from "../../api/index.ts";
import { canonicalJson, isPodReady } from "../../reconcile/index.ts";
import { hostnameOf, isReachable, targetPortOf } from "./service-pods.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const managerName = "endpointslice-controller.k8s.io";
/** `--max-endpoints-per-slice` */
export const endpointsPerSliceMax = 100;

export type AddressType = "IPv4" | "IPv6";

/** Endpoints that have the same ports, by which slices are formed. */
export interface EndpointGroup {
  readonly addressType: AddressType;
  readonly ports: readonly discoveryV1.EndpointPort[];
  readonly endpoints: readonly discoveryV1.Endpoint[];
}

export function addressTypesOf(service: Service): readonly AddressType[] {
  const families = (service.spec.ipFamilies ?? []).filter(
    (family): family is AddressType => family === "IPv4" || family === "IPv6",
  );
  if (families.length > 0) return families;
  return (service.spec.clusterIP ?? "").includes(":") ? ["IPv6"] : ["IPv4"];
}

/** The key under which endpoints and slices of like ports meet. */
export function groupKey(addressType: string, ports: readonly discoveryV1.EndpointPort[]): string {
  const normal = ports
    .map((port) => canonicalJson({ ...port, name: port.name ?? "", protocol: port.protocol ?? "TCP" }))
    .sort();
  return `${addressType}|${normal.join(",")}`;
}

/** What the slices of a Service should hold. */
export function endpointGroups(
  service: Service,
  pods: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
): ReadonlyMap<string, EndpointGroup> {
  const groups = new Map<
    string,
    { addressType: AddressType; ports: discoveryV1.EndpointPort[]; endpoints: discoveryV1.Endpoint[] }
  >();
  for (const addressType of addressTypesOf(service)) {
    for (const pod of pods) {
      const address = isReachable(pod, true) ? addressOf(pod, addressType) : undefined;
      if (address === undefined) continue;
      const ports = portsOf(service, pod);
      const key = groupKey(addressType, ports);
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] };
      group.endpoints.push(endpointOf(service, pod, address, nodeOf(pod.spec.nodeName ?? "")));
      groups.set(key, group);
    }
  }
  return groups;
}

function addressOf(pod: Pod, addressType: AddressType): string | undefined {
  const addresses = pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP];
  return addresses.find((ip) => ip !== undefined && ip !== "" && ip.includes(":") === (addressType === "IPv6"));
}

function portsOf(service: Service, pod: Pod): discoveryV1.EndpointPort[] {
  const ports: discoveryV1.EndpointPort[] = [];
  for (const port of service.spec.ports ?? []) {
    const number = targetPortOf(pod, port);
    if (number === undefined) continue;
    const { appProtocol } = port;
    ports.push({
      name: port.name ?? "",
      protocol: port.protocol ?? "TCP",
      port: number,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    });
  }
  return ports;
}

function endpointOf(service: Service, pod: Pod, address: string, node: Node | undefined): discoveryV1.Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = node?.metadata.labels?.["topology.kubernetes.io/zone"];
  const hostname = hostnameOf(pod, service);
  const { nodeName } = pod.spec;
  const { namespace, name, uid } = pod.metadata;
  const hints = ready ? hintsOf(service, nodeName, zone) : undefined;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(hints === undefined ? {} : { hints }),
  };
}

/** Where traffic to this endpoint should come from, as `spec.trafficDistribution` asks. */
function hintsOf(
  service: Service,
  nodeName: string | undefined,
  zone: string | undefined,
): discoveryV1.EndpointHints | undefined {
  const { trafficDistribution } = service.spec;
  const sameNode = trafficDistribution === "PreferSameNode";
  const sameZone = trafficDistribution === "PreferClose" || trafficDistribution === "PreferSameZone";
  const forNodes = sameNode && nodeName !== undefined ? [{ name: nodeName }] : undefined;
  const forZones = (sameNode || sameZone) && zone !== undefined ? [{ name: zone }] : undefined;
  if (forNodes === undefined && forZones === undefined) return undefined;
  return { ...(forZones === undefined ? {} : { forZones }), ...(forNodes === undefined ? {} : { forNodes }) };
}

/** Two endpoints are the same if the pod and its addresses are. */
export function endpointKey({ addresses, targetRef }: discoveryV1.Endpoint): string {
  return `${targetRef?.uid ?? ""}|${addresses.join(",")}`;
}

export function groupKeyOfSlice(slice: EndpointSlice): string {
  return groupKey(slice.addressType, slice.ports ?? []);
}
