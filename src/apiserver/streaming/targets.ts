import {
  isStatusError,
  type KubeObject,
  newBadRequest,
  newInternalError,
  newNotFound,
  newServiceUnavailable,
  parseIpAddress,
  type StatusError,
} from "../../apimachinery/index.ts";
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

/** Where a proxy may lead. */
export type MayProxyTo = (address: string) => boolean;

const notAllowed = "address not allowed";

/** Not this machine nor its links, where services listen that trust whoever reaches them. Go: `IsGlobalUnicast`. */
export const isGlobalUnicast: MayProxyTo = (address) => {
  const { bytes } = parseIpAddress(address) ?? {};
  if (bytes === undefined || bytes.every((byte) => byte === 0)) return false;
  const [a = 0, b = 0] = bytes;
  if (bytes.length === 4) return a !== 127 && (a & 0xf0) !== 224 && !(a === 169 && b === 254) && bytes.join() !== all;
  return a !== 0xff && !(a === 0xfe && (b & 0xc0) === 0x80) && !bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
};

const all = "255,255,255,255";

/** A node's kubelet, or another port of the node. */
export async function nodeTarget(
  table: ResourceTable,
  text: string,
  mayProxyTo: MayProxyTo,
  signal: AbortSignal,
): Promise<Target> {
  const { scheme, name, port } = splitSchemeNamePort(text, "node");
  const kubelet = await kubeletOf(table, name, signal);
  if (parseIpAddress(kubelet.host) !== undefined && !mayProxyTo(kubelet.host)) throw newBadRequest(notAllowed);
  if (port === "" || port === String(kubelet.port)) return kubelet;
  const number = portOf(port);
  if (number === undefined) throw newBadRequest(`invalid node request ${JSON.stringify(text)}`);
  return { host: kubelet.host, port: number, tls: scheme === "https", isPod: true };
}

function portOf(text: string): number | undefined {
  return /^[0-9]{1,5}$/.test(text) && Number(text) < 65_536 ? Number(text) : undefined;
}

/** Splits `scheme:name:port`, `name:port` or `name`, the forms in which proxied pods, services and nodes are named. */
export function splitSchemeNamePort(
  text: string,
  kind: "pod" | "service" | "node",
): {
  readonly scheme: string;
  readonly name: string;
  readonly port: string;
} {
  const parts = text.split(":");
  if (parts.length === 1) return { scheme: "", name: text, port: "" };
  if (parts.length === 2) return { scheme: "", name: parts[0] ?? "", port: parts[1] ?? "" };
  const [scheme = "", name = "", port = ""] = parts;
  if (parts.length === 3 && (scheme === "" || scheme === "http" || scheme === "https")) return { scheme, name, port };
  throw newBadRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
}

export async function podTarget(
  table: ResourceTable,
  namespace: string,
  text: string,
  mayProxyTo: MayProxyTo,
  signal: AbortSignal,
): Promise<Target> {
  const { scheme, name, port } = splitSchemeNamePort(text, "pod");
  const pods = table.get("", "v1", "pods");
  if (pods === undefined) throw newInternalError("pods are not served");
  const pod = (await pods.registry.get(namespace, name, undefined, signal)).object as PodForStreaming;
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "";
  if (!mayProxyTo(host)) throw newBadRequest(notAllowed);
  const first = pod.spec.containers?.flatMap((container) => container.ports ?? [])[0]?.containerPort;
  const number = port === "" ? (first ?? (scheme === "https" ? 443 : 80)) : portOf(port);
  if (number === undefined) throw newBadRequest(`invalid pod request ${JSON.stringify(text)}`);
  return { host, port: number, tls: scheme === "https", isPod: true };
}

interface EndpointSlice extends KubeObject {
  endpoints?: readonly Endpoint[];
  ports?: readonly { readonly name?: string; readonly port?: number }[];
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly namespace?: string; readonly name?: string };
}

interface Service extends KubeObject {
  spec: { ports?: readonly { readonly name?: string; readonly port: number }[] };
}

interface Candidate {
  readonly endpoint: Endpoint;
  readonly host: string;
  readonly port: number;
}

/** Any ready endpoint of a Service that is a pod. Upstream: `ResourceLocation` of services. */
export async function serviceTarget(
  { table, random }: { readonly table: ResourceTable; readonly random: { next(): number } },
  namespace: string,
  text: string,
  signal: AbortSignal,
): Promise<Target> {
  const { scheme, name, port } = splitSchemeNamePort(text, "service");
  const portName = portOf(port) === undefined ? port : await portNameOf(table, namespace, name, port, signal);
  const slices = (await slicesOf(table, namespace, signal)).filter(
    ({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name,
  );
  if (slices.length === 0) throw newNotFound({ group: "", resource: "services" }, name);
  if (!slices.some(({ endpoints = [] }) => endpoints.some(isReady))) throw noEndpoints(name);
  const candidates = slices.flatMap((slice) => candidatesOf(slice, portName));
  const start = Math.floor(random.next() * candidates.length);
  for (const { endpoint, host, port: number } of [...candidates.slice(start), ...candidates.slice(0, start)]) {
    if (await isPod(table, namespace, endpoint, host, signal))
      return { host, port: number, tls: scheme === "https", isPod: true };
  }
  throw noEndpoints(text);
}

function noEndpoints(service: string): StatusError {
  return newServiceUnavailable(`no endpoints available for service ${JSON.stringify(service)}`);
}

async function portNameOf(
  table: ResourceTable,
  namespace: string,
  name: string,
  port: string,
  signal: AbortSignal,
): Promise<string> {
  const services = table.get("", "v1", "services");
  if (services === undefined) throw newInternalError("services are not served");
  const service = (await services.registry.get(namespace, name, undefined, signal)).object as Service;
  const found = service.spec.ports?.find((one) => one.port === Number(port));
  if (found !== undefined) return found.name ?? "";
  throw newServiceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(name)}`);
}

async function slicesOf(table: ResourceTable, namespace: string, signal: AbortSignal): Promise<EndpointSlice[]> {
  const slices = table.get("discovery.k8s.io", "v1", "endpointslices");
  if (slices === undefined) throw newInternalError("endpoint slices are not served");
  const { registry } = slices;
  await registry.cache.fresh(signal);
  const prefix = registry.prefixOf(namespace);
  return registry.cache
    .snapshot()
    .chunks.flatMap(({ entries }) => entries.filter(({ key }) => key.startsWith(prefix)))
    .map(({ object }) => object as EndpointSlice);
}

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false;
}

function candidatesOf(slice: EndpointSlice, portName: string): readonly Candidate[] {
  const port = slice.ports?.find((one) => (one.name ?? "") === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const host = endpoint.addresses[0];
    return host === undefined || !isReady(endpoint) ? [] : [{ endpoint, host, port }];
  });
}

/** Whoever writes endpoints must not reach through this server what is no pod. */
async function isPod(
  table: ResourceTable,
  namespace: string,
  { targetRef }: Endpoint,
  host: string,
  signal: AbortSignal,
): Promise<boolean> {
  const pods = table.get("", "v1", "pods");
  if (pods === undefined || targetRef?.name === undefined || targetRef.namespace !== namespace) return false;
  try {
    const pod = (await pods.registry.get(namespace, targetRef.name, undefined, signal)).object as PodForStreaming;
    return pod.status?.podIPs?.some(({ ip }) => ip === host) === true;
  } catch (error) {
    if (isStatusError(error, "NotFound")) return false;
    throw error;
  }
}
