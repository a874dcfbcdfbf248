import type { KubeObject } from "../../apimachinery/index.ts";
import { messageOf, type Platform } from "../../base/index.ts";
import { type Client, createHttpClient, loadKubeconfig, resolveKubeconfig } from "../../client/index.ts";
import type { ClusterConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";

const pollMs = 25;

interface NodeObject extends KubeObject {
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

export interface Connection {
  readonly client: Client;
  close(): void;
}

/** The administrator's connection to a cluster. */
export async function connect(platform: Platform, config: ClusterConfig): Promise<Connection> {
  const kubeconfig = await loadKubeconfig(platform.disk, [clusterPaths(config.directory).kubeconfig]);
  const { cluster, user } = resolveKubeconfig(kubeconfig);
  const client = createHttpClient({ cluster, user, clock: platform.clock, disk: platform.disk });
  return { client, close: () => client.close() };
}

/** Waits until the API server says that it is ready. Rejects with the last reason after `timeoutMs`. */
export async function waitForApi(
  platform: Platform,
  client: Client,
  timeoutMs: number,
  alive: () => boolean,
): Promise<void> {
  await poll(platform, timeoutMs, alive, async () => {
    const response = await client.raw({ method: "GET", path: "/readyz" });
    return response.status === 200 ? undefined : `the API server answers ${response.status}`;
  });
}

/** Waits until every node of the cluster is Ready. */
export async function waitForNodes(
  platform: Platform,
  client: Client,
  names: readonly string[],
  timeoutMs: number,
  alive: () => boolean,
): Promise<void> {
  const nodes = client.resource<NodeObject>({ group: "", version: "v1", resource: "nodes" });
  await poll(platform, timeoutMs, alive, async () => {
    const { items } = await nodes.list();
    for (const name of names) {
      const node = items.find((candidate) => candidate.metadata.name === name);
      if (node === undefined) return `node ${name} has not registered`;
      const ready = node.status?.conditions?.find((condition) => condition.type === "Ready");
      if (ready?.status !== "True") return `node ${name} is not ready: ${ready?.message ?? "no status yet"}`;
    }
    return undefined;
  });
}

async function poll(
  platform: Platform,
  timeoutMs: number,
  alive: () => boolean,
  problemNow: () => Promise<string | undefined>,
): Promise<void> {
  const { clock } = platform;
  const deadline = clock.monotonic() + timeoutMs;
  for (;;) {
    const problem = await problemNow().catch(messageOf);
    if (problem === undefined) return;
    if (!alive()) throw new Error(`the cluster's supervisor ended while starting (${problem})`);
    if (clock.monotonic() > deadline) throw new Error(`not ready after ${Math.round(timeoutMs / 1000)} s: ${problem}`);
    await clock.sleep(pollMs);
  }
}
