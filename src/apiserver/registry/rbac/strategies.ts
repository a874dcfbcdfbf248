import { ageText, nameIsPathSegment } from "../../../apimachinery/index.ts";
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "../../../api/index.ts";
import type { Strategy, TableColumns } from "../contract.ts";
import { validateBinding, validateBindingUpdate, validateRole } from "./validation.ts";

const name = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name of the object, unique within its scope.",
  priority: 0,
} as const;
const created = { name: "Created At", type: "date", description: "When the object was created.", priority: 0 } as const;
const age = { name: "Age", type: "string", description: "Time since the object was created.", priority: 0 } as const;

/** Roles show when they were made, not their age. */
const roleTable: TableColumns<Role | ClusterRole> = {
  columns: [name, created],
  row: ({ metadata }) => [metadata.name ?? "", metadata.creationTimestamp ?? ""],
};

function bindingTable(): TableColumns<RoleBinding> {
  const wide = (title: string, description: string) =>
    ({ name: title, type: "string", description, priority: 1 }) as const;
  return {
    columns: [
      name,
      { name: "Role", type: "string", description: "The role that is granted.", priority: 0 },
      age,
      wide("Users", "Users among the subjects."),
      wide("Groups", "Groups among the subjects."),
      wide("ServiceAccounts", "Service accounts among the subjects."),
    ],
    row: (binding, nowMs) => [
      binding.metadata.name ?? "",
      `${binding.roleRef.kind}/${binding.roleRef.name}`,
      ageText(binding.metadata.creationTimestamp, nowMs),
      subjects(binding, "User"),
      subjects(binding, "Group"),
      subjects(binding, "ServiceAccount"),
    ],
  };
}

function subjects(binding: RoleBinding, kind: string): string {
  return (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map((subject) => (kind === "ServiceAccount" ? `${subject.namespace ?? ""}/${subject.name}` : subject.name))
    .join(", ");
}

function roleStrategy<T extends Role | ClusterRole>(namespaced: boolean): Strategy<T> {
  return {
    validateName: nameIsPathSegment,
    validate: (role) => validateRole(role, namespaced),
    validateUpdate: (role) => validateRole(role, namespaced),
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: true,
    table: roleTable as unknown as TableColumns<T>,
  };
}

function bindingStrategy<T extends RoleBinding | ClusterRoleBinding>(namespaced: boolean): Strategy<T> {
  return {
    validateName: nameIsPathSegment,
    validate: (binding) => validateBinding(binding, namespaced),
    validateUpdate: (binding, old) => validateBindingUpdate(binding, old, namespaced),
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: true,
    table: bindingTable() as unknown as TableColumns<T>,
  };
}

export const roles = roleStrategy<Role>(true);
export const clusterRoles = roleStrategy<ClusterRole>(false);
export const roleBindings = bindingStrategy<RoleBinding>(true);
export const clusterRoleBindings = bindingStrategy<ClusterRoleBinding>(false);
