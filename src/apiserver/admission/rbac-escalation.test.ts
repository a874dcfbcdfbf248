import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ClusterRole, Role, RoleBinding } from "../../api/index.ts";
import { isNotFound } from "../../client/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";

const rbac = (resource: string) => ({ group: "rbac.authorization.k8s.io", version: "v1", resource });
const roles = rbac("roles");
const bindings = rbac("rolebindings");
const clusterRoles = rbac("clusterroles");
const alice = { name: "alice", groups: ["dev", "system:authenticated"] };
const read = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
const writeRoles = { apiGroups: [roles.group], resources: ["roles", "rolebindings", "clusterroles"], verbs: ["*"] };

function binding(name: string, kind: string, role: string): RoleBinding {
  const subjects = [{ kind: "User", apiGroup: roles.group, name: "alice" }];
  return { metadata: { name }, subjects, roleRef: { apiGroup: roles.group, kind, name: role } };
}

/** "*" on the RBAC kinds would hold `escalate` and `bind`; the tests need a user without. */
const withoutEscalate = { ...writeRoles, verbs: ["get", "create", "update"] };

describe("granting RBAC permissions", () => {
  let plane: TestControlPlane;

  before(async () => {
    plane = await startStandardControlPlane();
    const role: ClusterRole = { metadata: { name: "writer" }, rules: [withoutEscalate, read] };
    await plane.client.resource<ClusterRole>(clusterRoles).create(role);
    await plane.client
      .resource<RoleBinding>(bindings)
      .namespace("default")
      .create(binding("writer", "ClusterRole", "writer"));
  });
  after(() => plane.stop());

  const rolesOf = (user = alice) => plane.clientFor(user).resource<Role>(roles).namespace("default");
  const bindingsOf = (user = alice) => plane.clientFor(user).resource<RoleBinding>(bindings).namespace("default");

  it("hands out what the user holds", async () => {
    await rolesOf().create({ metadata: { name: "reader" }, rules: [{ ...read, resourceNames: ["web"] }] });
    await bindingsOf().create(binding("reader", "Role", "reader"));
  });

  it("refuses more than that, and says what is missing", async () => {
    const rules = [{ apiGroups: ["", "apps"], resources: ["pods"], verbs: ["get", "delete", "watch"] }];
    await assert.rejects(rolesOf().create({ metadata: { name: "more" }, rules }), {
      message:
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "alice" (groups=["dev" "system:authenticated"]) is ' +
        "attempting to grant RBAC permissions not currently held:\n" +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "watch"]}\n' +
        '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "delete" "watch"]}',
    });
    await assert.rejects(bindingsOf().create(binding("more", "ClusterRole", "view")), /not currently held/);
    const kept = await rolesOf().create({ metadata: { name: "kept" }, rules: [read] });
    await assert.rejects(rolesOf().update({ ...kept, rules }), /not currently held/);
  });

  it("names the role that a binding asks for in vain", async () => {
    await assert.rejects(bindingsOf().create(binding("none", "Role", "none")), isNotFound);
  });

  it("lets those do it who may escalate, and those who may bind", async () => {
    const special: ClusterRole = {
      metadata: { name: "special" },
      rules: [
        { apiGroups: [roles.group], resources: ["roles"], verbs: ["escalate"] },
        { apiGroups: [roles.group], resources: ["clusterroles"], verbs: ["bind"], resourceNames: ["view"] },
      ],
    };
    await plane.client.resource<ClusterRole>(clusterRoles).create(special);
    const administrators = plane.client.resource<RoleBinding>(bindings).namespace("default");
    await administrators.create(binding("special", "ClusterRole", "special"));
    await rolesOf().create({
      metadata: { name: "all" },
      rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
    });
    await bindingsOf().create(binding("view", "ClusterRole", "view"));
    await assert.rejects(bindingsOf().create(binding("edit", "ClusterRole", "edit")), /not currently held/);
  });
});
