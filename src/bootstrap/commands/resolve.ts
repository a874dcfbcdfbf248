import { hostname } from "node:os";
import { join } from "node:path";
import { isPlatformError, messageOf, type Platform } from "../../base/index.ts";
import { addressIn, machineAddress } from "../cluster/addresses.ts";
import { type ClusterConfig, type Datastore, type NodeConfig, readClusterConfig } from "../cluster/config.ts";
import { ClusterIndex } from "../cluster/index-file.ts";
import { clusterPaths } from "../cluster/paths.ts";
import type { Caller, UpOptions } from "./options.ts";

const defaults = {
  port: 6443,
  kubeletPort: 10250,
  etcdPort: 2379,
  nodeCidrMaskSize: 24,
  clusterDomain: "cluster.local",
} as const;

/** Service and pod ranges: upstream's usual ones for the first cluster of a machine, others beside it. */
function ranges(position: number): {
  readonly serviceCidr: string;
  readonly clusterCidr: string;
  readonly nodeSubnet: string;
} {
  const nodeSubnet = `10.61.${position}.0/24`;
  if (position === 0) return { serviceCidr: "10.96.0.0/12", clusterCidr: "10.244.0.0/16", nodeSubnet };
  return { serviceCidr: `10.${127 + position}.0.0/16`, clusterCidr: `10.${190 + position}.0.0/16`, nodeSubnet };
}

/** Ports tried after the default one when several clusters run side by side. */
const portsTried = 50;

/**
 * The cluster that `up` means: the one that exists, or a new one by the flags. Throws when the flags ask for
 * something else than what exists.
 */
export async function resolveCluster(platform: Platform, caller: Caller, options: UpOptions): Promise<ClusterConfig> {
  const index = new ClusterIndex(platform.disk, caller.dataHome);
  const known = await index.find(options.name);
  const directory = options.directory ?? known ?? join(caller.dataHome, options.name);
  if (known !== undefined && options.directory !== undefined && options.directory !== known) {
    throw new Error(`cluster ${options.name} lives in ${known}; leave --data-dir out, or take another --name`);
  }
  const existing = await readClusterConfig(platform.disk, directory);
  if (existing !== undefined) return sameAs(existing, options);
  return newCluster(platform, caller, options, directory);
}

function sameAs(existing: ClusterConfig, options: UpOptions): ClusterConfig {
  if (existing.name !== options.name) {
    throw new Error(`${existing.directory} holds cluster ${existing.name}; take another --data-dir or that --name`);
  }
  if (options.port !== undefined && options.port !== existing.port) {
    throw new Error(`cluster ${existing.name} uses port ${existing.port}; run down --delete first to change it`);
  }
  return options.apiserverFlags.length === 0 ? existing : { ...existing, apiserverFlags: options.apiserverFlags };
}

async function newCluster(
  platform: Platform,
  caller: Caller,
  options: UpOptions,
  directory: string,
): Promise<ClusterConfig> {
  const count = caller.isRoot ? options.nodes : 0;
  const others = await otherClusters(platform, caller, options.name);
  const taken = new Set(others.flatMap(portsOf));
  const first = options.port ?? (await freePort(platform, defaults.port, taken));
  if (options.port !== undefined && !(await isFree(platform, options.port))) {
    throw new Error(`port ${options.port} is in use; stop what listens there or choose another with --port`);
  }
  const { serviceCidr, clusterCidr, nodeSubnet } = freeRanges(others);
  const several = count > 1;
  const advertiseAddress = several ? addressIn(nodeSubnet, 1) : (machineAddress() ?? "127.0.0.1");
  const nodes = several ? namespaceNodes(count, nodeSubnet) : await hostNodes(platform, count, advertiseAddress, taken);
  await refuseLongPaths(directory, nodes);
  return {
    name: options.name,
    directory,
    port: first,
    nodes,
    ...(several ? { nodeSubnet } : {}),
    datastore: await resolveDatastore(platform, options.datastore, taken),
    serviceCidr,
    clusterCidr,
    nodeCidrMaskSize: defaults.nodeCidrMaskSize,
    clusterDns: addressIn(serviceCidr, 10),
    clusterDomain: defaults.clusterDomain,
    advertiseAddress,
    ...(options.apiserverFlags.length === 0 ? {} : { apiserverFlags: options.apiserverFlags }),
  };
}

/** Each node's containerd has its socket below the directory, whose path the kernel limits. */
async function refuseLongPaths(directory: string, nodes: readonly NodeConfig[]): Promise<void> {
  const { containerdPaths } = await import("../../cri/index.ts");
  try {
    for (const { name } of nodes) containerdPaths(clusterPaths(directory).node(name).containerd);
  } catch (error) {
    throw new Error(`${messageOf(error)}; take a shorter --data-dir`, { cause: error });
  }
}

/** SQLite where nothing is asked for; for an etcd of the cluster's own, its ports. */
async function resolveDatastore(
  platform: Platform,
  asked: Datastore | undefined,
  taken: ReadonlySet<number>,
): Promise<Datastore> {
  if (asked?.type !== "etcd" || asked.endpoints.length > 0) return asked ?? { type: "sqlite" };
  const found = await platform.processes.run("etcd", ["--version"]).catch(() => undefined);
  if (found?.code !== 0) {
    throw new Error("etcd is not installed; run apt-get install etcd-server, or name one with --datastore etcd=URL");
  }
  const clientPort = await freePort(platform, defaults.etcdPort, taken);
  const peerPort = await freePort(platform, clientPort + 1, taken);
  return { type: "etcd", endpoints: [`http://127.0.0.1:${clientPort}`], own: { peerPort } };
}

/** Those of this machine, also when they are down: they will be up again. */
async function otherClusters(platform: Platform, caller: Caller, own: string): Promise<readonly ClusterConfig[]> {
  const index = new ClusterIndex(platform.disk, caller.dataHome);
  const others: ClusterConfig[] = [];
  for (const name of await index.names()) {
    const other = await readClusterConfig(platform.disk, (await index.find(name)) ?? "");
    if (other !== undefined && name !== own) others.push(other);
  }
  return others;
}

/** What a cluster listens on on the machine itself. */
function portsOf({ port, nodes, datastore }: ClusterConfig): readonly number[] {
  const kubelets = nodes.filter(({ place }) => place === "host").map(({ kubeletPort }) => kubeletPort);
  if (datastore.type !== "etcd" || datastore.own === undefined) return [port, ...kubelets];
  return [port, ...kubelets, ...datastore.endpoints.map((url) => Number(new URL(url).port)), datastore.own.peerPort];
}

/** Ranges that no other cluster of this machine uses. */
function freeRanges(others: readonly ClusterConfig[]): ReturnType<typeof ranges> {
  const used = new Set(others.map(({ serviceCidr }) => serviceCidr));
  const position = Array.from({ length: 60 }, (_, at) => at).find((at) => !used.has(ranges(at).serviceCidr));
  if (position === undefined) throw new Error("too many clusters on this machine; delete one with down --delete");
  return ranges(position);
}

async function hostNodes(
  platform: Platform,
  count: number,
  address: string,
  taken: ReadonlySet<number>,
): Promise<NodeConfig[]> {
  if (count === 0) return [];
  const name =
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9.-]/g, "-") || "localhost";
  const kubeletPort = await freePort(platform, defaults.kubeletPort, taken);
  return [{ name, place: "host", number: 1, address, kubeletPort }];
}

/** Machines inside this machine; each has all ports for itself. */
function namespaceNodes(count: number, nodeSubnet: string): NodeConfig[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    place: "namespace" as const,
    number: index + 1,
    address: addressIn(nodeSubnet, index + 2),
    kubeletPort: defaults.kubeletPort,
  }));
}

async function freePort(platform: Platform, from: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = from; port < from + portsTried; port++) {
    if (!taken.has(port) && (await isFree(platform, port))) return port;
  }
  throw new Error(`no free port from ${from} to ${from + portsTried - 1}; choose one with --port`);
}

async function isFree(platform: Platform, port: number): Promise<boolean> {
  try {
    const listener = await platform.network.listen({ host: "0.0.0.0", port }, (stream) => stream.destroy());
    await listener.close();
    return true;
  } catch (error) {
    if (isPlatformError(error)) return false;
    throw error;
  }
}
