import { isDeepStrictEqual } from "node:util";
import { type KubeObject, newNotFound, type StatusError } from "../../apimachinery/index.ts";
import type { Authorizer, ClusterRole, PolicyRule, RbacAuthorizer, Role, RoleBinding } from "../authz/index.ts";
import { rulesNotCovered, rulesText } from "../authz/index.ts";
import type { UserInfo } from "../request/contract.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./contract.ts";
import { refuse } from "./refuse.ts";

const group = "rbac.authorization.k8s.io";
const roles = new Set(["roles", "clusterroles"]);
const bindings = new Set(["rolebindings", "clusterrolebindings"]);
const everything: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

/**
 * Nobody grants what they do not hold themselves, but those with the verbs `escalate` and `bind`. Not a plug-in to
 * users: it cannot be switched off. Upstream: `policybased` storage of the RBAC kinds.
 */
export function rbacEscalation(rbac: RbacAuthorizer, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "RBACEscalation",
    handles: (operation, resource, subresource) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      subresource === "" &&
      resource.group === group &&
      (roles.has(resource.resource) || bindings.has(resource.resource)),
    async validate(attributes) {
      const { user } = attributes.context;
      if (user.groups.includes("system:masters") || changesOnlyOwners(attributes)) return;
      const granted = roles.has(attributes.resource.resource)
        ? await grantedByRole(authorizer, attributes)
        : await grantedByBinding(rbac, authorizer, attributes);
      const problem = missing(rbac, user, attributes.namespace, granted.rules);
      if (problem !== undefined) throw refuse(attributes, granted.instead ?? problem);
    },
  };
}

interface Granted {
  readonly rules: readonly PolicyRule[];
  /** What to say, where the list of rules would not help. */
  readonly instead?: string;
}

const nothing: Granted = { rules: [] };

async function grantedByRole(authorizer: Authorizer, attributes: AdmissionAttributes): Promise<Granted> {
  const { name, resource } = attributes;
  if (await may(authorizer, attributes, "escalate", resource.resource, name)) return nothing;
  const { aggregationRule, rules = [] } = attributes.object as ClusterRole;
  if (resource.resource !== "clusterroles" || aggregationRule === undefined) return { rules };
  return { rules: everything, instead: "must have cluster-admin privileges to use an aggregationRule" };
}

async function grantedByBinding(
  rbac: RbacAuthorizer,
  authorizer: Authorizer,
  attributes: AdmissionAttributes,
): Promise<Granted> {
  const { kind, name } = (attributes.object as RoleBinding).roleRef;
  const resource = kind === "ClusterRole" ? "clusterroles" : "roles";
  if (await may(authorizer, attributes, "bind", resource, name)) return nothing;
  const rules = rbac.rulesOfRole(kind, name, attributes.namespace);
  if (rules === undefined) throw notFound(resource, name);
  return { rules };
}

function notFound(resource: string, name: string): StatusError {
  return newNotFound({ group, resource }, name);
}

async function may(
  authorizer: Authorizer,
  { context, namespace, resource: { version } }: AdmissionAttributes,
  verb: "escalate" | "bind",
  resource: string,
  name: string,
): Promise<boolean> {
  const { decision } = await authorizer.authorize(
    {
      ...{ user: context.user, verb, isResourceRequest: true, path: "" },
      ...{ apiGroup: group, apiVersion: version, namespace, resource, subresource: "", name },
    },
    context.signal,
  );
  return decision === "allow";
}

function missing(
  rbac: RbacAuthorizer,
  user: UserInfo,
  namespace: string,
  wanted: readonly PolicyRule[],
): string | undefined {
  const lacking = rulesNotCovered(rbac.policyRulesFor(user, namespace), wanted);
  if (lacking.length === 0) return undefined;
  const groups = user.groups.map((name) => JSON.stringify(name)).join(" ");
  const who = `user ${JSON.stringify(user.name)} (groups=[${groups}])`;
  return `${who} is attempting to grant RBAC permissions not currently held:\n${rulesText(lacking)}`;
}

/** The garbage collector may set owner references and finalizers. Upstream: `IsOnlyMutatingGCFields`. */
function changesOnlyOwners({ object, oldObject }: AdmissionAttributes): boolean {
  if (object === undefined || oldObject === undefined) return false;
  return isDeepStrictEqual(withoutOwners(object), withoutOwners(oldObject));
}

function withoutOwners(object: KubeObject): Role {
  const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _fields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
