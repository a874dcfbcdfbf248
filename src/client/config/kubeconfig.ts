/** The kubeconfig file, `v1.Config`, as far as clients read it. */
export interface Kubeconfig {
  readonly "current-context"?: string;
  readonly clusters?: readonly { readonly name: string; readonly cluster: KubeconfigCluster }[];
  readonly users?: readonly { readonly name: string; readonly user?: KubeconfigUser | null }[];
  readonly contexts?: readonly { readonly name: string; readonly context: KubeconfigContext }[];
}

export interface KubeconfigCluster {
  readonly server: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
}

export interface KubeconfigUser {
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly "as-uid"?: string;
  readonly "as-groups"?: readonly string[];
  readonly "as-user-extra"?: Readonly<Record<string, readonly string[]>>;
  readonly exec?: ExecConfig;
}

export interface KubeconfigContext {
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string;
}

/** A credential plug-in: `client.authentication.k8s.io/v1` or `v1beta1`. */
export interface ExecConfig {
  readonly apiVersion?: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: string;
  readonly installHint?: string;
}

export interface ResolvedKubeconfig {
  readonly contextName: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace: string;
}

export interface KubeconfigOverrides {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
}

/** Picks a context. Throws an `Error` worded as upstream's loader when a name is not there. */
export function resolveKubeconfig(config: Kubeconfig, overrides: KubeconfigOverrides = {}): ResolvedKubeconfig {
  const contextName = overrides.context ?? config["current-context"] ?? "";
  const context = config.contexts?.find((entry) => entry.name === contextName)?.context;
  if (context === undefined && contextName !== "") throw new Error(`context "${contextName}" does not exist`);
  const clusterName = overrides.cluster ?? context?.cluster ?? "";
  const cluster = config.clusters?.find((entry) => entry.name === clusterName)?.cluster;
  if (cluster === undefined) {
    throw new Error(
      clusterName === ""
        ? "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable"
        : `cluster "${clusterName}" does not exist`,
    );
  }
  const userName = overrides.user ?? context?.user ?? "";
  const user = config.users?.find((entry) => entry.name === userName);
  if (user === undefined && userName !== "") throw new Error(`auth info "${userName}" does not exist`);
  return { contextName, cluster, user: user?.user ?? {}, namespace: context?.namespace ?? "default" };
}

/** Several files as one, the first to name a thing winning, as the `KUBECONFIG` list is read. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  return {
    "current-context": configs.find((config) => (config["current-context"] ?? "") !== "")?.["current-context"],
    clusters: firstByName(configs.map((config) => config.clusters ?? [])),
    users: firstByName(configs.map((config) => config.users ?? [])),
    contexts: firstByName(configs.map((config) => config.contexts ?? [])),
  };
}

function firstByName<T extends { readonly name: string }>(lists: readonly (readonly T[])[]): T[] {
  const byName = new Map<string, T>();
  for (const entry of lists.flat()) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return [...byName.values()];
}
