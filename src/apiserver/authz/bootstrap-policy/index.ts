import type { ClusterRole, PolicyRule, Role, RoleBinding, Subject } from "../rbac-types.ts";
import { type BootstrapBinding, clusterRoleBindings, roleBindings } from "./bindings.ts";
import { type BootstrapRole, clusterRoles } from "./cluster-roles.ts";
import { controllerRoles } from "./controller-roles.ts";
import { namespaceRoles } from "./namespace-roles.ts";
import { rulesGiven } from "./rules.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";
const rbacGroup = "rbac.authorization.k8s.io";
const labels = { "kubernetes.io/bootstrapping": "rbac-defaults" };
/** Roles so marked are brought back to these rules at every start of the API server. */
const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "true" };

export interface BootstrapPolicy {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly RoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

/** Roles that come with a feature, and their bindings. */
const gateOfRole: Readonly<Record<string, string>> = {
  "system:cluster-trust-bundle-discovery": "ClusterTrustBundle",
  "system:controller:kube-apiserver-serving-clustertrustbundle-publisher": "ClusterTrustBundle",
  "system:controller:podcertificaterequestcleaner": "PodCertificateRequest",
  "system:controller:podgroup-protection-controller": "GenericWorkload",
  "system:controller:resourcepoolstatusrequest-controller": "DRAResourcePoolStatus",
  "system:controller:storage-version-garbage-collector": "StorageVersionAPI",
  "system:controller:storage-version-migrator-controller": "StorageVersionMigrator",
};

/** The RBAC objects that every API server makes sure of at its start, given which feature gates are on. */
export function bootstrapPolicy(isOn: (gate: string) => boolean = () => true): BootstrapPolicy {
  const wanted = (name: string): boolean => {
    const gate = gateOfRole[name];
    return gate === undefined || isOn(gate);
  };
  const controllers = Object.entries(controllerRoles).filter(([name]) => wanted(`system:controller:${name}`));
  return {
    clusterRoles: [
      ...clusterRoles.filter(({ name }) => wanted(name)).map((role) => clusterRole(role, isOn)),
      ...controllers.map(([name, rules]) => clusterRole({ name: `system:controller:${name}`, rules }, isOn)),
    ],
    clusterRoleBindings: [
      ...clusterRoleBindings.filter(({ name }) => wanted(name)).map(binding),
      ...controllers.map(([name]) => binding(controllerBinding(name))),
    ],
    roles: Object.entries(namespaceRoles).flatMap(([namespace, roles]) =>
      Object.entries(roles).map(([name, rules]) => role(namespace, name, rules, isOn)),
    ),
    roleBindings: roleBindings.map(binding),
  };
}

/** The rules of one of the cluster roles in that policy, for who needs no more of it. */
export function bootstrapRules(name: string, isOn: (gate: string) => boolean): readonly PolicyRule[] {
  const source = clusterRoles.find((role) => role.name === name);
  return source === undefined ? [] : (clusterRole(source, isOn).rules ?? []);
}

function controllerBinding(name: string): BootstrapBinding {
  const full = `system:controller:${name}`;
  return { name: full, role: `cluster/${full}`, subjects: [`account:kube-system/${name}`] };
}

function clusterRole(source: BootstrapRole, isOn: (gate: string) => boolean): ClusterRole {
  const metadata = { name: source.name, labels: { ...labels, ...source.labels }, annotations: { ...annotations } };
  const base = { apiVersion, kind: "ClusterRole", metadata } as const;
  if (source.aggregates === undefined) return { ...base, rules: rulesGiven(source.rules, isOn) };
  return {
    ...base,
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [source.aggregates]: "true" } }] },
    rules: aggregateRules(source.aggregates, isOn),
  };
}

/** What the aggregation controller will come to, so that the roles work before it runs. */
function aggregateRules(label: string, isOn: (gate: string) => boolean): PolicyRule[] {
  return clusterRoles
    .filter((candidate) => candidate.labels?.[label] === "true")
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((candidate) =>
      candidate.aggregates === undefined
        ? rulesGiven(candidate.rules, isOn)
        : aggregateRules(candidate.aggregates, isOn),
    );
}

function role(namespace: string, name: string, rules: readonly string[], isOn: (gate: string) => boolean): Role {
  const metadata = { name, namespace, labels: { ...labels }, annotations: { ...annotations } };
  return { apiVersion, kind: "Role", metadata, rules: rulesGiven(rules, isOn) };
}

function binding(source: BootstrapBinding): RoleBinding {
  const [scope, ...rest] = source.role.split("/");
  const subjects = source.subjects.map(subject);
  return {
    apiVersion,
    kind: source.namespace === undefined ? "ClusterRoleBinding" : "RoleBinding",
    metadata: {
      name: source.name,
      ...(source.namespace === undefined ? {} : { namespace: source.namespace }),
      labels: { ...labels },
      annotations: { ...annotations },
    },
    ...(subjects.length === 0 ? {} : { subjects }),
    roleRef: { apiGroup: rbacGroup, kind: scope === "cluster" ? "ClusterRole" : "Role", name: rest.join("/") },
  };
}

function subject(text: string): Subject {
  const separator = text.indexOf(":");
  const name = text.slice(separator + 1);
  switch (text.slice(0, separator)) {
    case "user":
      return { kind: "User", apiGroup: rbacGroup, name };
    case "group":
      return { kind: "Group", apiGroup: rbacGroup, name };
    default: {
      const [namespace = "", account = ""] = name.split("/");
      return { kind: "ServiceAccount", namespace, name: account };
    }
  }
}
