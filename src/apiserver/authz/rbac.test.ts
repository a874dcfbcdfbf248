import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bootstrapPolicy } from "./bootstrap-policy/index.ts";
import type { AuthorizationAttributes } from "./contract.ts";
import { rulesNotCovered } from "./escalation.ts";
import { RbacAuthorizer } from "./rbac.ts";

function attributes(
  user: string,
  groups: string[],
  verb: string,
  resource: string,
  more: Partial<AuthorizationAttributes> = {},
) {
  const [name = "", subresource = ""] = resource.split("/");
  return {
    user: { name: user, groups },
    verb,
    isResourceRequest: true,
    path: "",
    apiGroup: "",
    apiVersion: "v1",
    namespace: "",
    resource: name,
    subresource,
    name: "",
    ...more,
  } satisfies AuthorizationAttributes;
}

function bootstrapped(): RbacAuthorizer {
  const rbac = new RbacAuthorizer();
  const policy = bootstrapPolicy();
  for (const role of policy.clusterRoles) rbac.upsert("clusterroles", role);
  for (const binding of policy.clusterRoleBindings) rbac.upsert("clusterrolebindings", binding);
  for (const role of policy.roles) rbac.upsert("roles", role);
  for (const binding of policy.roleBindings) rbac.upsert("rolebindings", binding);
  return rbac;
}

const binding = (namespace: string, role: string, user: string) => ({
  metadata: { name: `${role}-${user}`, ...(namespace === "" ? {} : { namespace }) },
  subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: user }],
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
});

describe("RBAC", () => {
  it("lets masters do anything and names the binding", () => {
    const decision = bootstrapped().authorize(attributes("root", ["system:masters"], "delete", "nodes"));
    assert.deepEqual(decision, {
      decision: "allow",
      reason:
        'RBAC: allowed by ClusterRoleBinding "cluster-admin" of ClusterRole "cluster-admin" to Group "system:masters"',
    });
  });

  it("gives each controller what it needs and no more", () => {
    const rbac = bootstrapped();
    const user = "system:serviceaccount:kube-system:replicaset-controller";
    assert.equal(rbac.authorize(attributes(user, [], "create", "pods", { namespace: "a" })).decision, "allow");
    assert.equal(rbac.authorize(attributes(user, [], "get", "secrets", { namespace: "a" })).decision, "no-opinion");
  });

  it("leaves out the roles of features that are off, and their bindings", () => {
    const names = (isOn: boolean) => {
      const { clusterRoles, clusterRoleBindings } = bootstrapPolicy(() => isOn);
      return [...clusterRoles, ...clusterRoleBindings].map(({ metadata }) => metadata.name);
    };
    const off = new Set(names(false));
    const cleaner = "system:controller:podcertificaterequestcleaner";
    assert.deepEqual([...new Set(names(true))].filter((name) => !off.has(name)).toSorted(), [
      "system:cluster-trust-bundle-discovery",
      "system:controller:kube-apiserver-serving-clustertrustbundle-publisher",
      cleaner,
      "system:controller:podgroup-protection-controller",
      "system:controller:resourcepoolstatusrequest-controller",
      "system:controller:storage-version-garbage-collector",
      "system:controller:storage-version-migrator-controller",
    ]);
    assert.equal(names(true).filter((name) => name === cleaner).length, 2, "role and binding");
  });

  it("leaves out rules of features that are off, also of aggregated roles", () => {
    const rulesOf = (name: string, on: readonly string[]) => {
      const { clusterRoles } = bootstrapPolicy((gate) => on.includes(gate));
      const found = clusterRoles.find(({ metadata }) => metadata.name === name)?.rules ?? [];
      return found.flatMap(({ resources = [], verbs }) =>
        resources.map((resource) => `${verbs.join(",")} ${resource}`),
      );
    };
    const more = (name: string, gate: string) => {
      const off = rulesOf(name, []);
      return rulesOf(name, [gate]).filter((line) => !off.includes(line));
    };
    assert.deepEqual(more("system:node", "PodCertificateRequest"), ["create,get,list,watch podcertificaterequests"]);
    assert.deepEqual(more("system:kube-scheduler", "DRAExtendedResource"), ["create,delete resourceclaims"]);
    assert.deepEqual(more("view", "GenericWorkload"), [
      "get,list,watch podgroups",
      "get,list,watch podgroups/status",
      "get,list,watch workloads",
    ]);
    assert.ok(!rulesOf("system:node", []).some((line) => line.includes("clustertrustbundles")));
  });

  it("lets those who monitor read the pages about a component", () => {
    const rbac = bootstrapped();
    for (const path of ["/statusz", "/flagz", "/metrics", "/readyz/etcd-readiness"]) {
      const request = { ...attributes("prometheus", ["system:monitoring"], "get", ""), isResourceRequest: false, path };
      assert.equal(rbac.authorize(request).decision, "allow", path);
    }
  });

  it("limits a role binding to its namespace, and view to reading", () => {
    const rbac = bootstrapped();
    rbac.upsert("rolebindings", binding("team", "view", "jane"));
    const ask = (verb: string, resource: string, namespace: string) =>
      rbac.authorize(attributes("jane", [], verb, resource, { namespace })).decision;
    assert.equal(ask("list", "pods", "team"), "allow");
    assert.equal(ask("list", "pods", "other"), "no-opinion");
    assert.equal(ask("list", "secrets", "team"), "no-opinion");
    assert.equal(ask("create", "pods", "team"), "no-opinion");
  });

  it("forgets a binding that was changed or removed", () => {
    const rbac = bootstrapped();
    const first = binding("", "edit", "jane");
    rbac.upsert("clusterrolebindings", first);
    rbac.upsert("clusterrolebindings", { ...first, subjects: [{ kind: "User", name: "joe" }] } as typeof first);
    const may = (user: string) => rbac.authorize(attributes(user, [], "create", "pods", { namespace: "a" })).decision;
    assert.equal(may("jane"), "no-opinion");
    assert.equal(may("joe"), "allow");
    rbac.remove("clusterrolebindings", first);
    assert.equal(may("joe"), "no-opinion");
  });

  it("says which role is missing", () => {
    const rbac = new RbacAuthorizer();
    rbac.upsert("clusterrolebindings", binding("", "gone", "jane"));
    const reason = () => rbac.authorize(attributes("jane", [], "get", "pods", { namespace: "team" })).reason;
    assert.equal(reason(), 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found');
    rbac.upsert("rolebindings", binding("team", "gone", "jane"));
    assert.equal(reason(), 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found', "the same is said once");
  });

  it("matches resource names, subresources and paths", () => {
    const rbac = new RbacAuthorizer();
    rbac.upsert("clusterroles", {
      metadata: { name: "r" },
      rules: [
        { verbs: ["get"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["one"] },
        { verbs: ["update"], apiGroups: ["*"], resources: ["*/scale"] },
        { verbs: ["get"], nonResourceURLs: ["/metrics", "/logs/*"] },
      ],
    } as never);
    rbac.upsert("clusterrolebindings", binding("", "r", "jane"));
    const ask = (verb: string, resource: string, more: Partial<AuthorizationAttributes>) =>
      rbac.authorize(attributes("jane", [], verb, resource, more)).decision;
    assert.equal(ask("get", "configmaps", { name: "one" }), "allow");
    assert.equal(ask("get", "configmaps", { name: "two" }), "no-opinion");
    assert.equal(ask("update", "deployments/scale", { apiGroup: "apps" }), "allow");
    assert.equal(ask("update", "deployments", { apiGroup: "apps" }), "no-opinion");
    assert.equal(ask("get", "", { isResourceRequest: false, path: "/logs/kubelet" }), "allow");
    assert.equal(ask("get", "", { isResourceRequest: false, path: "/metrics/x" }), "no-opinion");
  });

  it("finds what a grant would exceed", () => {
    const held = [{ verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] }];
    assert.deepEqual(rulesNotCovered(held, [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }]), []);
    assert.deepEqual(rulesNotCovered(held, [{ verbs: ["get"], apiGroups: [""], resources: ["pods", "secrets"] }]), [
      { verbs: ["get"], apiGroups: [""], resources: ["secrets"] },
    ]);
  });
});
