import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterRole, RoleBinding } from "../../../api/index.ts";
import { fieldErrorMessage } from "../../../apimachinery/index.ts";
import { validateBinding, validateRole } from "./validation.ts";

const metadata = { name: "x" };

test("of a selector that is none upstream says so twice", () => {
  const clusterRoleSelectors = [{ matchExpressions: [{ key: "a", operator: "In" as const }] }, {}];
  const role: ClusterRole = { metadata, rules: [], aggregationRule: { clusterRoleSelectors } };
  const at = "aggregationRule.clusterRoleSelectors[0]";
  assert.deepEqual(validateRole(role, false).map(fieldErrorMessage), [
    `${at}.matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    `${at}: Invalid value: null: invalid label selector.`,
  ]);
});

test("bindings name kinds of roles in upstream's order", () => {
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "x", name: "x" };
  const binding: RoleBinding = { metadata, subjects: [], roleRef };
  const texts = [true, false].map((namespaced) => validateBinding(binding, namespaced).map(fieldErrorMessage));
  assert.deepEqual(texts, [
    ['roleRef.kind: Unsupported value: "x": supported values: "Role", "ClusterRole"'],
    ['roleRef.kind: Unsupported value: "x": supported values: "ClusterRole"'],
  ]);
});
