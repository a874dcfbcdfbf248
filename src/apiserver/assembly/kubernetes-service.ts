import { type KubeObject, semanticEqual } from "../../apimachinery/index.ts";
import type { Clock } from "../../base/index.ts";
import {
  type Client,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  type ResourceClient,
} from "../../client/index.ts";

export interface KubernetesServiceOptions {
  /** Where clients outside the cluster reach the servers. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly clusterIp: string;
  readonly family: "IPv4" | "IPv6";
  readonly clock: Clock;
}

const name = "kubernetes";
const servicePort = 443;

interface Endpoints extends KubeObject {
  subsets?: unknown;
}

interface EndpointSlice extends KubeObject {
  addressType?: string;
  endpoints?: unknown;
  ports?: unknown;
}

/** The Service by which pods reach the API server, with its endpoints. Upstream: the "bootstrap-controller". */
export async function ensureKubernetesService(client: Client, options: KubernetesServiceOptions): Promise<void> {
  const services = client
    .resource<KubeObject & { spec: unknown }>({ group: "", version: "v1", resource: "services" })
    .namespace("default");
  const service = {
    metadata: { name, namespace: "default", labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      type: "ClusterIP",
      clusterIP: options.clusterIp,
      clusterIPs: [options.clusterIp],
      ipFamilies: [options.family],
      ipFamilyPolicy: "SingleStack",
      sessionAffinity: "None",
      ports: [{ name: "https", protocol: "TCP", port: servicePort, targetPort: options.port }],
    },
  };
  await createIfMissing(services, service).catch(async (failure: unknown) => {
    // Another server has just taken the address, and is about to make the Service.
    if (!isInvalid(failure) || !(await comesSoon(services, name, options.clock))) throw failure;
  });
  // Endpoints cannot be loopback addresses: pods could not reach them.
  if (!options.addresses.some(isLoopback)) await publish(client, options);
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

async function publish(client: Client, { addresses, port, family }: KubernetesServiceOptions): Promise<void> {
  const ports = [{ name: "https", port, protocol: "TCP" }];
  const endpoints = client
    .resource<Endpoints>({ group: "", version: "v1", resource: "endpoints" })
    .namespace("default");
  const metadata = { name, namespace: "default", labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } };
  const subsets = addresses.length === 0 ? [] : [{ addresses: addresses.map((ip) => ({ ip })), ports }];
  await put(endpoints, { metadata, subsets }, (object) => object.subsets);
  const slices = client
    .resource<EndpointSlice>({ group: "discovery.k8s.io", version: "v1", resource: "endpointslices" })
    .namespace("default");
  const slice = {
    metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": name } },
    addressType: family,
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports,
  };
  await put(slices, slice, (object) => [object.endpoints, object.ports]);
}

async function createIfMissing<T extends KubeObject>(client: ResourceClient<T>, object: T): Promise<void> {
  try {
    await client.get(object.metadata.name ?? "");
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(object).catch((failure: unknown) => {
      if (!isAlreadyExists(failure)) throw failure;
    });
  }
}

async function comesSoon<T extends KubeObject>(
  client: ResourceClient<T>,
  wanted: string,
  clock: Clock,
): Promise<boolean> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    try {
      await client.get(wanted);
      return true;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    await clock.sleep(100);
  }
  return false;
}

const attemptsMax = 5;

/** Creates the object, or brings what `content` reads of it up to date. */
async function put<T extends KubeObject>(
  client: ResourceClient<T>,
  object: T,
  content: (object: T) => unknown,
  attempt = 1,
): Promise<void> {
  try {
    const present = await client.get(object.metadata.name ?? "");
    if (semanticEqual(content(present), content(object))) return;
    await client.update({
      ...object,
      metadata: { ...present.metadata, labels: { ...present.metadata.labels, ...object.metadata.labels } },
    });
  } catch (error) {
    if (isConflict(error) && attempt < attemptsMax) return put(client, object, content, attempt + 1);
    if (!isNotFound(error)) throw error;
    await createIfMissing(client, object);
  }
}
