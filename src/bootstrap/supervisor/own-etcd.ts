import { join } from "node:path";
import type { ClusterConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import type { ComponentSpec } from "./component.ts";

export const etcdName = "etcd";

/** How the cluster's own etcd is started; undefined where it has none. It listens on loopback only. */
export function ownEtcd(config: ClusterConfig): ComponentSpec | undefined {
  const { datastore, directory, name } = config;
  if (datastore.type !== "etcd" || datastore.own === undefined) return undefined;
  const [client = ""] = datastore.endpoints;
  const peer = `http://127.0.0.1:${datastore.own.peerPort}`;
  const args = [
    ...["--name", name, "--data-dir", join(clusterPaths(directory).directory, "etcd")],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `${name}=${peer}`],
    // Upstream's limit of a store; etcd's own is 2 GB.
    ...["--quota-backend-bytes", String(8 * 1024 ** 3)],
  ];
  return { name: etcdName, start: { command: "etcd", args } };
}
