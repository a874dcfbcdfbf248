import { join } from "node:path";

/** Where everything of one cluster lies, below its data directory. */
export interface ClusterPaths {
  readonly directory: string;
  readonly config: string;
  readonly kubeconfig: string;
  readonly pki: string;
  /** Kubeconfigs of the components. */
  readonly identities: string;
  readonly database: string;
  readonly logs: string;
  readonly run: string;
  readonly imageCache: string;
  node(name: string): NodePaths;
}

export interface NodePaths {
  readonly directory: string;
  readonly containerd: string;
  /** What the node's network keeps; its CNI configuration lies in `cni` below it. */
  readonly network: string;
  readonly cni: string;
  readonly kubelet: string;
  readonly podLogs: string;
  readonly staticPods: string;
}

export function clusterPaths(directory: string): ClusterPaths {
  return {
    directory,
    config: join(directory, "config.json"),
    kubeconfig: join(directory, "kubeconfig"),
    pki: join(directory, "pki"),
    identities: join(directory, "identities"),
    database: join(directory, "store", "state.db"),
    logs: join(directory, "logs"),
    run: join(directory, "run"),
    imageCache: join(directory, "images"),
    node(name) {
      const node = join(directory, "nodes", name);
      return {
        directory: node,
        containerd: join(node, "containerd"),
        network: join(node, "network"),
        cni: join(node, "network", "cni"),
        kubelet: join(node, "kubelet"),
        podLogs: join(node, "pods"),
        staticPods: join(node, "manifests"),
      };
    },
  };
}

/** Where clusters lie and where their names are written down: system-wide for root, else the user's own. */
export function dataHome(isRoot: boolean, home: string): string {
  return isRoot ? "/var/lib/k8ts" : join(home, ".local/share/k8ts");
}
