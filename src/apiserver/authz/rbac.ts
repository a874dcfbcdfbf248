import { aggregateMessages, type KubeObject } from "../../apimachinery/index.ts";
import type { UserInfo } from "../request/contract.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, RuleResolver } from "./contract.ts";
import { type CompiledRule, compileRule } from "./rbac-rule.ts";
import type { PolicyRule, Role, RoleBinding, Subject } from "./rbac-types.ts";

export type RbacResource = "roles" | "clusterroles" | "rolebindings" | "clusterrolebindings";

interface CompiledRole {
  readonly rules: readonly PolicyRule[];
  readonly compiled: readonly CompiledRule[];
}

interface CompiledBinding {
  readonly binding: RoleBinding;
  /** Key into the roles: `/name` for cluster roles, `namespace/name` for roles. */
  readonly roleKey: string;
  /** What is said when it allows, by subject. */
  readonly allowed: Map<string, AuthorizationDecision>;
}

type BindingsBySubject = Map<string, Set<CompiledBinding>>;

const noOpinion: AuthorizationDecision = { decision: "no-opinion", reason: "" };
/** The subjects that a user is; users are kept by their authenticators. */
const subjectKeys = new WeakMap<UserInfo, readonly string[]>();
const serviceAccountPrefix = "system:serviceaccount:";

/**
 * Role-based access control over an index that the watch cache feeds. Decisions are synchronous and cost a few map
 * look-ups per group of the user. Upstream: "Using RBAC Authorization".
 */
export class RbacAuthorizer implements Authorizer, RuleResolver {
  readonly name = "RBAC";
  readonly #roles = new Map<string, CompiledRole>();
  readonly #clusterBindings: BindingsBySubject = new Map();
  readonly #namespaceBindings = new Map<string, BindingsBySubject>();
  readonly #bindings = new Map<string, CompiledBinding>();

  /** Takes in the newest state of one object; the feed may repeat itself. */
  upsert(resource: RbacResource, object: KubeObject): void {
    const namespace = object.metadata.namespace ?? "";
    const key = `${namespace}/${object.metadata.name ?? ""}`;
    if (resource === "roles" || resource === "clusterroles") {
      const rules = (object as Role).rules ?? [];
      this.#roles.set(key, { rules, compiled: rules.map(compileRule) });
      return;
    }
    this.#removeBinding(key);
    this.#addBinding(key, namespace, object as RoleBinding);
  }

  remove(resource: RbacResource, object: KubeObject): void {
    const key = `${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}`;
    if (resource === "roles" || resource === "clusterroles") this.#roles.delete(key);
    else this.#removeBinding(key);
  }

  authorize(attributes: AuthorizationAttributes): AuthorizationDecision {
    const problems: string[] = [];
    for (const found of this.#bindingsFor(attributes.user, attributes.namespace)) {
      const role = this.#roles.get(found.bound.roleKey);
      if (role === undefined) {
        problems.push(missingRole(found.bound.binding));
        continue;
      }
      if (role.compiled.some((rule) => rule.allows(attributes))) {
        return allowedBy(found.bound, found.subjectKey);
      }
    }
    if (problems.length === 0) return noOpinion;
    return { decision: "no-opinion", reason: `RBAC: ${aggregateMessages(problems)}` };
  }

  /** Every rule that applies to the user in the namespace ("" for cluster-wide). */
  policyRulesFor(user: UserInfo, namespace: string): PolicyRule[] {
    const rules: PolicyRule[] = [];
    for (const { bound } of this.#bindingsFor(user, namespace)) {
      rules.push(...(this.#roles.get(bound.roleKey)?.rules ?? []));
    }
    return rules;
  }

  /** The rules of a role reference, as seen from a binding in `namespace`; `undefined` when there is no such role. */
  rulesOfRole(kind: string, name: string, namespace: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(kind === "ClusterRole" ? `/${name}` : `${namespace}/${name}`)?.rules;
  }

  rulesFor(user: UserInfo, namespace: string): ReturnType<RuleResolver["rulesFor"]> {
    const rules = this.policyRulesFor(user, namespace);
    return {
      resourceRules: rules.filter((rule) => (rule.resources?.length ?? 0) > 0),
      nonResourceRules: rules.flatMap((rule) =>
        (rule.nonResourceURLs?.length ?? 0) > 0
          ? [{ verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs ?? [] }]
          : [],
      ),
      incomplete: false,
    };
  }

  #addBinding(key: string, namespace: string, binding: RoleBinding): void {
    const roleNamespace = binding.roleRef.kind === "ClusterRole" ? "" : namespace;
    const roleKey = `${roleNamespace}/${binding.roleRef.name}`;
    const bound: CompiledBinding = { binding, roleKey, allowed: new Map() };
    this.#bindings.set(key, bound);
    const index = this.#indexFor(namespace);
    for (const subject of binding.subjects ?? []) {
      const subjectKey = keyOf(subject, namespace);
      const set = index.get(subjectKey) ?? new Set();
      set.add(bound);
      index.set(subjectKey, set);
    }
  }

  #removeBinding(key: string): void {
    const bound = this.#bindings.get(key);
    if (bound === undefined) return;
    this.#bindings.delete(key);
    const namespace = bound.binding.metadata.namespace ?? "";
    const index = this.#indexFor(namespace);
    for (const subject of bound.binding.subjects ?? []) {
      const subjectKey = keyOf(subject, namespace);
      const set = index.get(subjectKey);
      set?.delete(bound);
      if (set?.size === 0) index.delete(subjectKey);
    }
    if (namespace !== "" && index.size === 0) this.#namespaceBindings.delete(namespace);
  }

  #indexFor(namespace: string): BindingsBySubject {
    if (namespace === "") return this.#clusterBindings;
    const index = this.#namespaceBindings.get(namespace) ?? new Map();
    this.#namespaceBindings.set(namespace, index);
    return index;
  }

  *#bindingsFor(user: UserInfo, namespace: string): Generator<{ bound: CompiledBinding; subjectKey: string }> {
    const local = namespace === "" ? undefined : this.#namespaceBindings.get(namespace);
    const keys = subjectKeysOf(user);
    for (const index of local === undefined ? [this.#clusterBindings] : [this.#clusterBindings, local]) {
      for (const subjectKey of keys) {
        const set = index.get(subjectKey);
        if (set !== undefined) for (const bound of set) yield { bound, subjectKey };
      }
    }
  }
}

function subjectKeysOf(user: UserInfo): readonly string[] {
  let keys = subjectKeys.get(user);
  if (keys === undefined) {
    keys = [`u:${user.name}`, ...user.groups.map((group) => `g:${group}`)];
    subjectKeys.set(user, keys);
  }
  return keys;
}

function allowedBy({ binding, allowed }: CompiledBinding, subjectKey: string): AuthorizationDecision {
  let decision = allowed.get(subjectKey);
  if (decision === undefined) {
    decision = { decision: "allow", reason: `RBAC: allowed by ${describe(binding, subjectKey)}` };
    allowed.set(subjectKey, decision);
  }
  return decision;
}

/** Service accounts are indexed by the user name that their tokens carry. */
function keyOf(subject: Subject, bindingNamespace: string): string {
  switch (subject.kind) {
    case "Group":
      return `g:${subject.name}`;
    case "ServiceAccount":
      return `u:${serviceAccountPrefix}${subject.namespace ?? bindingNamespace}:${subject.name}`;
    default:
      return `u:${subject.name}`;
  }
}

function missingRole(binding: RoleBinding): string {
  return `${binding.roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(binding.roleRef.name)} not found`;
}

function describe(binding: RoleBinding, subjectKey: string): string {
  const { namespace, name } = binding.metadata;
  const kind = namespace === undefined || namespace === "" ? "ClusterRoleBinding" : "RoleBinding";
  const full = namespace === undefined || namespace === "" ? name : `${name}/${namespace}`;
  return `${kind} ${JSON.stringify(full)} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${describeSubject(subjectKey)}`;
}

function describeSubject(subjectKey: string): string {
  const name = subjectKey.slice(2);
  if (subjectKey.startsWith("g:")) return `Group ${JSON.stringify(name)}`;
  if (!name.startsWith(serviceAccountPrefix)) return `User ${JSON.stringify(name)}`;
  const [namespace = "", account = ""] = name.slice(serviceAccountPrefix.length).split(":");
  return `ServiceAccount ${JSON.stringify(`${account}/${namespace}`)}`;
}
