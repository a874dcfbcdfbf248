import {
  type FieldError,
  type FieldPath,
  fieldPath,
  invalid,
  nameIsDnsSubdomain,
  nameIsPathSegment,
  notSupported,
  required,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import {
  type ClusterRole,
  internalForm,
  type PolicyRule,
  type rbacV1,
  type Role,
  type RoleBinding,
} from "../../../api/index.ts";

const rbacGroup = "rbac.authorization.k8s.io";

export function validateRole(role: Role | ClusterRole, namespaced: boolean): readonly FieldError[] {
  const errors: FieldError[] = [];
  const path = fieldPath("rules");
  for (const [index, rule] of (role.rules ?? []).entries()) validateRule(rule, namespaced, path.index(index), errors);
  const aggregation = (role as ClusterRole).aggregationRule;
  if (namespaced || aggregation === undefined) return errors;
  const selectors = fieldPath("aggregationRule", "clusterRoleSelectors");
  if (!aggregation.clusterRoleSelectors?.length)
    errors.push(required(selectors, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
  for (const [index, selector] of (aggregation.clusterRoleSelectors ?? []).entries()) {
    const before = errors.length;
    validateLabelSelector(selector, selectors.index(index), errors);
    // Upstream says so again of the selector that it could not make.
    if (errors.length > before) errors.push(invalid(selectors.index(index), null, "invalid label selector."));
  }
  return errors;
}

function validateRule(rule: PolicyRule, namespaced: boolean, path: FieldPath, errors: FieldError[]): void {
  if (rule.verbs.length === 0) errors.push(required(path.child("verbs"), "verbs must contain at least one value"));
  if (rule.nonResourceURLs?.length) {
    if (namespaced)
      errors.push(
        invalid(
          path.child("nonResourceURLs"),
          rule.nonResourceURLs,
          "namespaced rules cannot apply to non-resource URLs",
        ),
      );
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
      errors.push(
        invalid(
          path.child("nonResourceURLs"),
          rule.nonResourceURLs,
          "rules cannot apply to both regular resources and non-resource URLs",
        ),
      );
    }
    return;
  }
  if (!rule.apiGroups?.length)
    errors.push(required(path.child("apiGroups"), "resource rules must supply at least one api group"));
  if (!rule.resources?.length)
    errors.push(required(path.child("resources"), "resource rules must supply at least one resource"));
}

export function validateBinding(binding: RoleBinding, namespaced: boolean): readonly FieldError[] {
  const errors: FieldError[] = [];
  const path = fieldPath("roleRef");
  const { apiGroup, kind, name } = binding.roleRef;
  if (apiGroup !== rbacGroup) errors.push(notSupported(path.child("apiGroup"), apiGroup, [rbacGroup]));
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  if (!kinds.includes(kind)) errors.push(notSupported(path.child("kind"), kind, kinds));
  if (name === "") errors.push(required(path.child("name")));
  else for (const problem of nameIsPathSegment(name, false)) errors.push(invalid(path.child("name"), name, problem));
  for (const [index, subject] of (binding.subjects ?? []).entries()) {
    validateSubject(subject, namespaced, fieldPath("subjects").index(index), errors);
  }
  return errors;
}

function validateSubject(subject: rbacV1.Subject, namespaced: boolean, path: FieldPath, errors: FieldError[]): void {
  if (subject.name === "") errors.push(required(path.child("name")));
  const group = subject.apiGroup ?? "";
  switch (subject.kind) {
    case "ServiceAccount":
      if (subject.name !== "") {
        for (const problem of nameIsDnsSubdomain(subject.name, false))
          errors.push(invalid(path.child("name"), subject.name, problem));
      }
      if (group !== "") errors.push(notSupported(path.child("apiGroup"), group, [""]));
      if (!namespaced && !subject.namespace) errors.push(required(path.child("namespace")));
      return;
    case "User":
    case "Group":
      if (group !== rbacGroup) errors.push(notSupported(path.child("apiGroup"), group, [rbacGroup]));
      return;
    default:
      errors.push(notSupported(path.child("kind"), subject.kind, ["ServiceAccount", "User", "Group"]));
  }
}

/** A binding grants one role for ever: to grant another one, it is made anew. */
export function validateBindingUpdate(
  binding: RoleBinding,
  old: RoleBinding,
  namespaced: boolean,
): readonly FieldError[] {
  const { apiGroup, kind, name } = binding.roleRef;
  const same = apiGroup === old.roleRef.apiGroup && kind === old.roleRef.kind && name === old.roleRef.name;
  const errors = same
    ? []
    : [invalid(fieldPath("roleRef"), internalForm("rbac/v1", "RoleRef", binding.roleRef), "cannot change roleRef")];
  return [...validateBinding(binding, namespaced), ...errors];
}
