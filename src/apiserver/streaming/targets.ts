import { type KubeObject, newBadRequest, newInternalError, newServiceUnavailable } from "../../apimachinery/index.ts";
import type { ResourceTable } from "../handlers/served.ts";
import type { Target } from "./kubelet-connection.ts";

export interface PodForStreaming extends KubeObject {
  spec: {
    nodeName?: string;
    containers?: readonly Container[];
    initContainers?: readonly Container[];
    ephemeralContainers?: readonly Container[];
  };
  status?: { podIP?: string; podIPs?: readonly { readonly ip: string }[]; phase?: string };
}

interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly containerPort: number; readonly name?: string }[];
}

interface Node extends KubeObject {
  status?: {
    addresses?: readonly { readonly type: string; readonly address: string }[];
    daemonEndpoints?: { kubeletEndpoint?: { Port?: number } };
  };
}

/** Upstream: `--kubelet-preferred-address-types`. */
const preferredTypes = ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"];
const kubeletPortDefault = 10_250;

/** The kubelet of a node. Names are used only where no address is known: nothing here resolves them. */
export async function kubeletOf(table: ResourceTable, nodeName: string, signal: AbortSignal): Promise<Target> {
  const nodes = table.get("", "v1", "nodes");
  if (nodes === undefined) throw newInternalError("nodes are not served");
  const node = (await nodes.registry.get("", nodeName, undefined, signal)).object as Node;
  const addresses = node.status?.addresses ?? [];
  const internal = addresses.find(({ type }) => type === "InternalIP");
  const found = internal ?? preferredTypes.flatMap((type) => addresses.filter((one) => one.type === type))[0];
  if (found === undefined) throw newInternalError(`no preferred addresses found; known addresses: []`);
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  return { host: found.address, port: port === 0 ? kubeletPortDefault : port, tls: true };
}

/** Splits `scheme:name:port`, `name:port` or `name`, the forms in which proxied pods, services and nodes are named. */
export function splitSchemeNamePort(text: string): {
  readonly scheme: string;
  readonly name: string;
  readonly port: string;
} {
  const parts = text.split(":");
  if (parts.length === 1) return { scheme: "", name: text, port: "" };
  if (parts.length === 2) return { scheme: "", name: parts[0] ?? "", port: parts[1] ?? "" };
  const [scheme = "", name = "", port = ""] = parts;
  if (parts.length === 3 && (scheme === "" || scheme === "http" || scheme === "https")) return { scheme, name, port };
  throw newBadRequest(`invalid service request ${JSON.stringify(text)}`);
}

export async function podTarget(
  table: ResourceTable,
  namespace: string,
  text: string,
  signal: AbortSignal,
): Promise<Target> {
  const { scheme, name, port } = splitSchemeNamePort(text);
  const pods = table.get("", "v1", "pods");
  if (pods === undefined) throw newInternalError("pods are not served");
  const pod = (await pods.registry.get(namespace, name, undefined, signal)).object as PodForStreaming;
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "";
  if (host === "") throw newInternalError(`address not allowed`);
  const first = pod.spec.containers?.flatMap((container) => container.ports ?? [])[0]?.containerPort;
  const number = port === "" ? (first ?? (scheme === "https" ? 443 : 80)) : Number(port);
  return { host, port: number, tls: scheme === "https", isPod: true };
}

interface EndpointSlice extends KubeObject {
  endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions?: { readonly ready?: boolean } }[];
  ports?: readonly { readonly name?: string; readonly port?: number }[];
}

interface Service extends KubeObject {
  spec: { ports?: readonly { readonly name?: string; readonly port: number }[] };
}

/** Any ready endpoint of a Service. */
export async function serviceTarget(
  table: ResourceTable,
  namespace: string,
  text: string,
  random: { next(): number },
  signal: AbortSignal,
): Promise<Target> {
  const { scheme, name, port } = splitSchemeNamePort(text);
  const services = table.get("", "v1", "services");
  const slices = table.get("discovery.k8s.io", "v1", "endpointslices");
  if (services === undefined || slices === undefined) throw newInternalError("services are not served");
  const service = (await services.registry.get(namespace, name, undefined, signal)).object as Service;
  const ports = service.spec.ports ?? [];
  const wanted =
    ports.find((one) => one.name === port || String(one.port) === port) ??
    (port === "" && ports.length === 1 ? ports[0] : undefined);
  await slices.registry.cache.fresh(signal);
  const candidates: Target[] = [];
  for (const { entries } of slices.registry.cache.snapshot().chunks) {
    for (const entry of entries) {
      if (!entry.key.startsWith(slices.registry.prefixOf(namespace))) continue;
      if (entry.labels["kubernetes.io/service-name"] !== name) continue;
      candidates.push(...targetsOf(entry.object as EndpointSlice, wanted?.name ?? "", scheme === "https"));
    }
  }
  const chosen = candidates[Math.floor(random.next() * candidates.length)];
  if (wanted === undefined || chosen === undefined)
    throw newServiceUnavailable(`no endpoints available for service ${JSON.stringify(text)}`);
  return chosen;
}

function targetsOf(slice: EndpointSlice, portName: string, tls: boolean): readonly Target[] {
  const port = slice.ports?.find((one) => (one.name ?? "") === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap(({ addresses, conditions }) => {
    const host = addresses[0];
    return conditions?.ready === false || host === undefined ? [] : [{ host, port, tls, isPod: true }];
  });
}
