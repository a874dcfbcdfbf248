import type { RoleRef, Subject } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = { RoleRef: fillRoleRef, Subject: fillSubject } as const;

const group = "rbac.authorization.k8s.io";

function fillRoleRef(role: RoleRef): void {
  role.apiGroup ||= group;
}

/** Users and groups are of this group; service accounts of the core group, whose name is empty. */
function fillSubject(subject: Subject): void {
  if (!subject.apiGroup && (subject.kind === "User" || subject.kind === "Group")) subject.apiGroup = group;
}
