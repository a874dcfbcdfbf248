import type { Disk } from "../../base/index.ts";
import { inClusterConfig } from "./in-cluster.ts";
import { type KubeconfigCluster, type KubeconfigUser, resolveKubeconfig } from "./kubeconfig.ts";
import { loadKubeconfig } from "./load.ts";

export interface Connection {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
}

/**
 * Where a component finds the API server, by `--kubeconfig` and `--master`: without either, by the service account of
 * the pod it runs in. Upstream: `BuildConfigFromFlags`.
 */
export async function connectionFrom(
  disk: Disk,
  env: Readonly<Record<string, string | undefined>>,
  { kubeconfig, master = "" }: { readonly kubeconfig: string; readonly master?: string },
): Promise<Connection> {
  if (kubeconfig === "" && master === "") return inClusterConfig(disk, env);
  if (kubeconfig === "") return { cluster: { server: master }, user: {} };
  const { cluster, user } = resolveKubeconfig(await loadKubeconfig(disk, [kubeconfig]));
  return { cluster: master === "" ? cluster : { ...cluster, server: master }, user };
}
