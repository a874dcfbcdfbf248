import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../apimachinery/index.ts";
import { type Client, isAlreadyExists, isConflict, isNotFound, type ResourceClient } from "../../client/index.ts";
import {
  bootstrapPolicy,
  type ClusterRole,
  type PolicyRule,
  rulesNotCovered,
  type Role,
  type RoleBinding,
  type Subject,
} from "../authz/index.ts";

const group = "rbac.authorization.k8s.io";
const autoupdate = "rbac.authorization.kubernetes.io/autoupdate";

/**
 * Makes sure that the default roles and bindings exist and hold at least what they ship with: rules, subjects, labels
 * and annotations that are missing are added, others stay. A binding of another role is made anew. Objects whose
 * auto-update annotation was set to false are left alone, and so are those that are no longer among the defaults.
 * Upstream: "Auto-reconciliation".
 */
export async function ensureBootstrapRoles(client: Client, isOn: (gate: string) => boolean): Promise<void> {
  const policy = bootstrapPolicy(isOn);
  const resource = <T extends KubeObject>(name: string) => client.resource<T>({ group, version: "v1", resource: name });
  await Promise.all([
    ensureAll(resource<ClusterRole>("clusterroles"), policy.clusterRoles, reconciledRole),
    ensureAll(resource<RoleBinding>("clusterrolebindings"), policy.clusterRoleBindings, reconciledBinding),
  ]);
  await Promise.all([
    ensureAll(resource<Role>("roles"), policy.roles, reconciledRole),
    ensureAll(resource<RoleBinding>("rolebindings"), policy.roleBindings, reconciledBinding),
  ]);
}

/** What has to be done with an object that exists: nothing, writing another version of it, or making it anew. */
type Reconciled<T> =
  | { readonly type: "keep" }
  | { readonly type: "update"; readonly object: T }
  | { readonly type: "recreate" };

const keep = { type: "keep" } as const;
const attemptsMax = 5;

async function ensureAll<T extends KubeObject>(
  resource: ResourceClient<T>,
  wanted: readonly T[],
  reconcile: (existing: T, wanted: T) => Reconciled<T>,
): Promise<void> {
  const { items } = await resource.list();
  const existing = new Map(items.map((item) => [keyOf(item), item]));
  await Promise.all(
    wanted.map(async (object) => {
      const scoped = object.metadata.namespace === undefined ? resource : resource.namespace(object.metadata.namespace);
      let found = existing.get(keyOf(object));
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        if (await ensure(scoped, object, found, reconcile)) return;
        found = await read(scoped, object.metadata.name ?? "");
      }
    }),
  );
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

/** False when another API server of the cluster was faster, and the object has to be looked at again. */
async function ensure<T extends KubeObject>(
  resource: ResourceClient<T>,
  wanted: T,
  existing: T | undefined,
  reconcile: (existing: T, wanted: T) => Reconciled<T>,
): Promise<boolean> {
  const step: Reconciled<T> =
    existing === undefined
      ? { type: "recreate" }
      : existing.metadata.annotations?.[autoupdate] === "false"
        ? keep
        : reconcile(existing, wanted);
  try {
    if (step.type === "update") await resource.update(step.object);
    if (step.type !== "recreate") return true;
    if (existing !== undefined) await remove(resource, existing);
    await resource.create(wanted);
    return true;
  } catch (error) {
    if (isAlreadyExists(error) || isConflict(error) || isNotFound(error)) return false;
    throw error;
  }
}

async function remove<T extends KubeObject>(resource: ResourceClient<T>, { metadata }: T): Promise<void> {
  const preconditions = metadata.uid === undefined ? {} : { preconditions: { uid: metadata.uid } };
  await resource.delete(metadata.name ?? "", preconditions);
}

async function read<T extends KubeObject>(resource: ResourceClient<T>, name: string): Promise<T | undefined> {
  try {
    return await resource.get(name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Rules of aggregated roles are the aggregation controller's; here it is only seen to what they are gathered from. */
function reconciledRole(existing: ClusterRole, wanted: ClusterRole): Reconciled<ClusterRole> {
  const rules = existing.rules ?? [];
  const aggregated = wanted.aggregationRule !== undefined;
  const missing: readonly PolicyRule[] = aggregated ? [] : rulesNotCovered(rules, wanted.rules ?? []);
  const selectors = existing.aggregationRule?.clusterRoleSelectors ?? [];
  const missingSelectors = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (selector) => !selectors.some((other) => isDeepStrictEqual(other, selector)),
  );
  const unaggregated = !aggregated && existing.aggregationRule !== undefined;
  if (missing.length + missingSelectors.length === 0 && !unaggregated && hasMetadata(existing, wanted)) return keep;
  const { aggregationRule, ...rest } = existing;
  const gathered =
    missingSelectors.length === 0
      ? aggregationRule
      : { ...aggregationRule, clusterRoleSelectors: [...selectors, ...missingSelectors] };
  return {
    type: "update",
    object: {
      ...rest,
      ...(unaggregated || gathered === undefined ? {} : { aggregationRule: gathered }),
      metadata: mergedMetadata(existing, wanted),
      rules: [...rules, ...missing],
    },
  };
}

function reconciledBinding(existing: RoleBinding, wanted: RoleBinding): Reconciled<RoleBinding> {
  const [has, needs] = [existing.roleRef, wanted.roleRef];
  if (has.kind !== needs.kind || has.name !== needs.name) return { type: "recreate" };
  const same = (a: Subject, b: Subject) =>
    a.kind === b.kind && a.name === b.name && (a.namespace ?? "") === (b.namespace ?? "");
  const missing = (wanted.subjects ?? []).filter(
    (subject) => !(existing.subjects ?? []).some((other) => same(other, subject)),
  );
  if (missing.length === 0 && hasMetadata(existing, wanted)) return keep;
  const subjects = [...(existing.subjects ?? []), ...missing];
  return { type: "update", object: { ...existing, metadata: mergedMetadata(existing, wanted), subjects } };
}

function hasMetadata(existing: KubeObject, wanted: KubeObject): boolean {
  const covers = (
    has: Readonly<Record<string, string>> | undefined,
    needs: Readonly<Record<string, string>> | undefined,
  ) => Object.keys(needs ?? {}).every((key) => has !== undefined && Object.hasOwn(has, key));
  return (
    covers(existing.metadata.labels, wanted.metadata.labels) &&
    covers(existing.metadata.annotations, wanted.metadata.annotations)
  );
}

/** What the object says already stays. */
function mergedMetadata(existing: KubeObject, wanted: KubeObject): KubeObject["metadata"] {
  return {
    ...existing.metadata,
    labels: { ...wanted.metadata.labels, ...existing.metadata.labels },
    annotations: { ...wanted.metadata.annotations, ...existing.metadata.annotations },
  };
}
