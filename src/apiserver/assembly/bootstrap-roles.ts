import { type KubeObject, StatusError } from "../../apimachinery/index.ts";
import { type Client, isAlreadyExists, type ResourceClient } from "../../client/index.ts";
import {
  bootstrapPolicy,
  type PolicyRule,
  rulesNotCovered,
  type Role,
  type RoleBinding,
  type Subject,
} from "../authz/index.ts";

const group = "rbac.authorization.k8s.io";
const autoupdate = "rbac.authorization.kubernetes.io/autoupdate";

/**
 * Makes sure that the default roles and bindings exist and hold at least what they ship with. Objects whose
 * auto-update annotation was set to false are left alone. Upstream: "Auto-reconciliation".
 */
export async function ensureBootstrapRoles(client: Client, isOn: (gate: string) => boolean): Promise<void> {
  const policy = bootstrapPolicy(isOn);
  const resource = <T extends KubeObject>(name: string) => client.resource<T>({ group, version: "v1", resource: name });
  await Promise.all([
    ensureAll(resource<Role>("clusterroles"), policy.clusterRoles, mergedRole),
    ensureAll(resource<RoleBinding>("clusterrolebindings"), policy.clusterRoleBindings, mergedBinding),
  ]);
  await Promise.all([
    ensureAll(resource<Role>("roles"), policy.roles, mergedRole),
    ensureAll(resource<RoleBinding>("rolebindings"), policy.roleBindings, mergedBinding),
  ]);
}

async function ensureAll<T extends KubeObject>(
  resource: ResourceClient<T>,
  wanted: readonly T[],
  merge: (existing: T, wanted: T) => T | undefined,
): Promise<void> {
  const { items } = await resource.list();
  const existing = new Map(items.map((item) => [keyOf(item), item]));
  await Promise.all(
    wanted.map(async (object) => {
      const scoped = object.metadata.namespace === undefined ? resource : resource.namespace(object.metadata.namespace);
      const found = existing.get(keyOf(object));
      if (found === undefined) return create(scoped, object);
      const merged = found.metadata.annotations?.[autoupdate] === "false" ? undefined : merge(found, object);
      if (merged !== undefined) await update(scoped, merged);
    }),
  );
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

async function create<T extends KubeObject>(resource: ResourceClient<T>, object: T): Promise<void> {
  try {
    await resource.create(object);
  } catch (error) {
    // Another API server of the cluster was faster.
    if (!isAlreadyExists(error)) throw error;
  }
}

async function update<T extends KubeObject>(resource: ResourceClient<T>, object: T): Promise<void> {
  try {
    await resource.update(object);
  } catch (error) {
    if (!(error instanceof StatusError && error.code === 409)) throw error;
  }
}

/** The existing role with what it lacks; `undefined` when it lacks nothing. */
function mergedRole(existing: Role, wanted: Role): Role | undefined {
  // Rules of aggregated roles are the aggregation controller's.
  const aggregated = "aggregationRule" in wanted;
  const missing: readonly PolicyRule[] = aggregated ? [] : rulesNotCovered(existing.rules ?? [], wanted.rules ?? []);
  if (missing.length === 0 && hasMetadata(existing, wanted)) return undefined;
  return { ...existing, metadata: mergedMetadata(existing, wanted), rules: [...(existing.rules ?? []), ...missing] };
}

function mergedBinding(existing: RoleBinding, wanted: RoleBinding): RoleBinding | undefined {
  const same = (a: Subject, b: Subject) =>
    a.kind === b.kind && a.name === b.name && (a.namespace ?? "") === (b.namespace ?? "");
  const missing = (wanted.subjects ?? []).filter(
    (subject) => !(existing.subjects ?? []).some((other) => same(other, subject)),
  );
  if (missing.length === 0 && hasMetadata(existing, wanted)) return undefined;
  return {
    ...existing,
    metadata: mergedMetadata(existing, wanted),
    subjects: [...(existing.subjects ?? []), ...missing],
  };
}

function hasMetadata(existing: KubeObject, wanted: KubeObject): boolean {
  const covers = (
    has: Readonly<Record<string, string>> | undefined,
    needs: Readonly<Record<string, string>> | undefined,
  ) => Object.entries(needs ?? {}).every(([key, value]) => has?.[key] === value);
  return (
    covers(existing.metadata.labels, wanted.metadata.labels) &&
    covers(existing.metadata.annotations, wanted.metadata.annotations)
  );
}

function mergedMetadata(existing: KubeObject, wanted: KubeObject): KubeObject["metadata"] {
  return {
    ...existing.metadata,
    labels: { ...existing.metadata.labels, ...wanted.metadata.labels },
    annotations: { ...existing.metadata.annotations, ...wanted.metadata.annotations },
  };
}
