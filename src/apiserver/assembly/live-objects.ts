import type { KubeObject } from "../../apimachinery/index.ts";
import type { BootstrapTokenSecret, TokenObjects } from "../authn/index.ts";
import type { GraphPod, NodeGraph, RbacAuthorizer, RbacResource } from "../authz/index.ts";
import type { CacheEntry } from "../cacher/entry.ts";
import { followCache } from "../cacher/follow.ts";
import type { ApiServer } from "../server.ts";
import { LegacyTokens, type LegacyTokensOptions } from "./legacy-tokens.ts";

const coreResources = ["serviceaccounts", "pods", "secrets", "nodes"] as const;
const rbacResources: readonly RbacResource[] = ["roles", "clusterroles", "rolebindings", "clusterrolebindings"];

/** What authentication and authorization read of the server's own objects, straight from the watch caches. */
export class LiveObjects implements TokenObjects {
  #server: ApiServer | undefined;
  /** Tokens that live in secrets. */
  readonly legacy: LegacyTokens;

  constructor(options: Omit<LegacyTokensOptions, "find">) {
    const find = (resource: string, namespace: string, name: string) => this.#entry(resource, namespace, name)?.object;
    this.legacy = new LegacyTokens({ ...options, find });
  }

  /** Fills the caches that are read here and keeps RBAC and the node graph current until the signal aborts. */
  async attach(server: ApiServer, rbac: RbacAuthorizer, graph: NodeGraph, signal: AbortSignal): Promise<void> {
    this.#server = server;
    await Promise.all([
      ...coreResources.map((resource) => cacheOf(server, "", resource).start()),
      ...rbacResources.map((resource) =>
        followCache(
          cacheOf(server, "rbac.authorization.k8s.io", resource),
          {
            upsert: (entry) => rbac.upsert(resource, entry.object),
            remove: (entry) => rbac.remove(resource, entry.object),
          },
          signal,
        ),
      ),
      ...followGraph(server, graph, signal),
    ]);
  }

  find(resource: (typeof coreResources)[number], namespace: string, name: string) {
    const entry = this.#entry(resource, namespace, name);
    if (entry === undefined) return undefined;
    const { uid = "", deletionTimestamp } = entry.object.metadata;
    return deletionTimestamp === undefined ? { uid } : { uid, deletedAtMs: Date.parse(deletionTimestamp) };
  }

  bootstrapSecret(name: string): BootstrapTokenSecret | undefined {
    const secret = this.#entry("secrets", "kube-system", name)?.object as
      | (KubeObject & { type?: string; data?: Record<string, string> })
      | undefined;
    if (secret === undefined) return undefined;
    const data = Object.entries(secret.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, "base64").toString(),
    ]);
    return {
      type: secret.type ?? "",
      data: Object.fromEntries(data),
      deleted: secret.metadata.deletionTimestamp !== undefined,
    };
  }

  #entry(resource: string, namespace: string, name: string): CacheEntry | undefined {
    if (this.#server === undefined) return undefined;
    const cache = cacheOf(this.#server, "", resource);
    return cache.get(namespace === "" ? `${cache.prefix}${name}` : `${cache.prefix}${namespace}/${name}`);
  }
}

export function cacheOf(server: ApiServer, group: string, resource: string) {
  const served = server.catalog.table.get(group, "v1", resource);
  if (served === undefined) throw new Error(`broken invariant: ${resource} is not served`);
  return served.registry.cache;
}

function followGraph(server: ApiServer, graph: NodeGraph, signal: AbortSignal): Promise<void>[] {
  const pods = followCache(
    cacheOf(server, "", "pods"),
    { upsert: ({ peeked }) => graph.upsertPod(peeked as GraphPod), remove: ({ peeked }) => graph.removePod(peeked) },
    signal,
  );
  const volumes = followCache(
    cacheOf(server, "", "persistentvolumes"),
    {
      upsert: ({ object, name }) => {
        const { claimRef } = (object as { spec?: { claimRef?: { namespace?: string; name?: string } } }).spec ?? {};
        if (claimRef !== undefined)
          graph.upsertVolume(name, `${claimRef.namespace}/${claimRef.name}`, volumeSecrets(object));
      },
      remove: ({ name }) => graph.removeVolume(name),
    },
    signal,
  );
  const attachments = followCache(
    cacheOf(server, "storage.k8s.io", "volumeattachments"),
    {
      upsert: ({ object, name }) =>
        graph.upsertAttachment(name, (object as { spec?: { nodeName?: string } }).spec?.nodeName ?? ""),
      remove: ({ name }) => graph.removeAttachment(name),
    },
    signal,
  );
  const slices = followCache(
    cacheOf(server, "resource.k8s.io", "resourceslices"),
    {
      upsert: ({ object, name }) =>
        graph.upsertSlice(name, (object as { spec?: { nodeName?: string } }).spec?.nodeName ?? ""),
      remove: ({ name }) => graph.removeSlice(name),
    },
    signal,
  );
  return [pods, volumes, attachments, slices];
}

/** Every secret that a volume's source names, as `namespace/name`. */
function volumeSecrets(object: KubeObject): string[] {
  const found: string[] = [];
  const visit = (value: unknown, key: string): void => {
    if (typeof value !== "object" || value === null) return;
    const { name, namespace } = value as { name?: unknown; namespace?: unknown };
    if (/SecretRef$|^secretRef$/.test(key) && typeof name === "string") found.push(`${String(namespace)}/${name}`);
    for (const [inner, child] of Object.entries(value)) visit(child, inner);
  };
  visit((object as { spec?: unknown }).spec, "spec");
  return found;
}
