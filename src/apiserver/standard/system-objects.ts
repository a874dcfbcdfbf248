import { isStatusError, type KubeObject, semanticEqual } from "../../apimachinery/index.ts";
import type { Client, ResourceClient } from "../../client/index.ts";
import { bootstrapPolicy } from "../authz/index.ts";

/** Namespaces that every cluster has. */
export const systemNamespaces = ["kube-system", "kube-public", "kube-node-lease", "default"] as const;

export async function ensureNamespaces(client: Client): Promise<void> {
  const namespaces = client.resource({ group: "", version: "v1", resource: "namespaces" });
  await Promise.all(systemNamespaces.map((name) => ensure(namespaces, { metadata: { name } })));
}

/** Creates the object unless one of its name is there. */
export async function ensure<T extends KubeObject>(client: ResourceClient<T>, object: T): Promise<void> {
  try {
    await client.get(object.metadata.name ?? "", { resourceVersion: "0" });
  } catch (error) {
    if (!isStatusError(error, "NotFound")) throw error;
    await client.create(object).catch((failure: unknown) => {
      if (!isStatusError(failure, "AlreadyExists")) throw failure;
    });
  }
}

const autoupdate = "rbac.authorization.kubernetes.io/autoupdate";

interface RbacObject extends KubeObject {
  rules?: readonly unknown[];
  subjects?: readonly unknown[];
}

/** Upstream's default roles and bindings: what is missing is created, rules and subjects that went are brought back. */
export async function ensureBootstrapPolicy(client: Client): Promise<void> {
  const policy = bootstrapPolicy();
  const of = (resource: string): ResourceClient<RbacObject> =>
    client.resource<RbacObject>({ group: "rbac.authorization.k8s.io", version: "v1", resource });
  const global = async (resource: string, objects: readonly KubeObject[]): Promise<void> => {
    await Promise.all(objects.map((object) => reconcile(of(resource), object as RbacObject)));
  };
  const local = async (resource: string, objects: readonly KubeObject[]): Promise<void> => {
    await Promise.all(
      objects.map((object) => reconcile(of(resource).namespace(object.metadata.namespace ?? ""), object as RbacObject)),
    );
  };
  await Promise.all([
    global("clusterroles", policy.clusterRoles),
    global("clusterrolebindings", policy.clusterRoleBindings),
    local("roles", policy.roles),
    local("rolebindings", policy.roleBindings),
  ]);
}

async function reconcile(client: ResourceClient<RbacObject>, wanted: RbacObject): Promise<void> {
  const present = await client.get(wanted.metadata.name ?? "", { resourceVersion: "0" }).catch((error: unknown) => {
    if (isStatusError(error, "NotFound")) return undefined;
    throw error;
  });
  if (present === undefined) return ensure(client, wanted);
  if (present.metadata.annotations?.[autoupdate] === "false") return;
  const rules = missing(wanted.rules, present.rules);
  const subjects = missing(wanted.subjects, present.subjects);
  if (rules.length === 0 && subjects.length === 0) return;
  await client.update({
    ...present,
    ...(present.rules === undefined && rules.length === 0 ? {} : { rules: [...(present.rules ?? []), ...rules] }),
    ...(present.subjects === undefined && subjects.length === 0
      ? {}
      : { subjects: [...(present.subjects ?? []), ...subjects] }),
  });
}

function missing(wanted: readonly unknown[] | undefined, present: readonly unknown[] | undefined): readonly unknown[] {
  return (wanted ?? []).filter((item) => !(present ?? []).some((other) => semanticEqual(item, other)));
}
