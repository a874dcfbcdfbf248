import { type Disk, isPlatformError } from "../../base/index.ts";
import { clusterPaths } from "./paths.ts";

/** What `up` was asked for, resolved; kept in the data directory so that the next `up` means the same cluster. */
export interface ClusterConfig {
  readonly name: string;
  readonly directory: string;
  /** Port of the API server on 127.0.0.1 and on the node address. */
  readonly port: number;
  readonly nodes: readonly NodeConfig[];
  readonly datastore: Datastore;
  readonly serviceCidr: string;
  readonly clusterCidr: string;
  /** Pod addresses per node: prefix length of each node's share of `clusterCidr`. */
  readonly nodeCidrMaskSize: number;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  /** The wire between nodes that live in namespaces; absent where the only node is this machine. */
  readonly nodeSubnet?: string;
  /** An address of this machine that pods can reach; the API server listens there too. */
  readonly advertiseAddress: string;
  /** Upstream's flags of the API server that `up` was given. */
  readonly apiserverFlags?: readonly string[];
}

export interface NodeConfig {
  readonly name: string;
  /** On the host, or in a network namespace of its own. */
  readonly place: "host" | "namespace";
  /** Of nodes in namespaces, from 1. */
  readonly number: number;
  readonly address: string;
  readonly kubeletPort: number;
}

export type Datastore = { readonly type: "sqlite" } | { readonly type: "memory" } | EtcdDatastore;

export interface EtcdDatastore {
  readonly type: "etcd";
  readonly endpoints: readonly string[];
  /** Files, PEM. */
  readonly tls?: { readonly ca: string; readonly certificate?: string; readonly key?: string };
  /** The cluster's own server, which its supervisor starts; it alone listens at `endpoints`. */
  readonly own?: { readonly peerPort: number };
}

/** `undefined` when the directory holds no cluster. */
export async function readClusterConfig(disk: Disk, directory: string): Promise<ClusterConfig | undefined> {
  try {
    return JSON.parse(await disk.readText(clusterPaths(directory).config)) as ClusterConfig;
  } catch (error) {
    if (isPlatformError(error, "ENOENT")) return undefined;
    throw new Error(`${clusterPaths(directory).config} cannot be read`, { cause: error });
  }
}

export async function writeClusterConfig(disk: Disk, config: ClusterConfig): Promise<void> {
  await disk.write(clusterPaths(config.directory).config, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}
