import type { StatusError } from "../errors/contract.ts";
import { newApplyConflict } from "../errors/status.ts";
import { type FieldSet, hasPath, pathsOf } from "./field-set.ts";
import { type Manager, type Managers, managerId, managerText } from "./managers.ts";
import { elementText, type PathElement } from "./path-element.ts";

/** A field that somebody else owns and whose value an applier wants to change. */
export interface Conflict {
  readonly manager: Manager;
  readonly path: readonly PathElement[];
}

/** Thrown by the updater, turned into a Status at the end. */
export class ConflictsError extends Error {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super(conflictMessage(conflicts));
    this.name = "ConflictsError";
    this.conflicts = conflicts;
  }
}

export function conflictsOf(sets: ReadonlyMap<string, FieldSet>, managers: Managers): readonly Conflict[] {
  const conflicts: Conflict[] = [];
  for (const id of [...sets.keys()].sort()) {
    const manager = managers.get(id);
    if (manager === undefined) continue;
    for (const path of pathsOf(sets.get(id) ?? {})) conflicts.push({ manager, path });
  }
  return conflicts;
}

/** The conflicts that lie outside a set. */
export function conflictsOutside(conflicts: readonly Conflict[], allowed: FieldSet): readonly Conflict[] {
  return conflicts.filter(({ path }) => !hasPath(allowed, path));
}

export function newConflictStatus(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${managerText(manager)}`,
    field: pathText(path),
  }));
  return newApplyConflict(causes, conflictMessage(conflicts));
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (first !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${managerText(first.manager)}: ${pathText(first.path)}`;
  }
  const byManager = Map.groupBy(conflicts, ({ manager }) => managerId(manager));
  const lines = [...byManager.values()].flatMap((group) => [
    `conflicts with ${group[0] === undefined ? "" : managerText(group[0].manager)}:`,
    ...group.map(({ path }) => `- ${pathText(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function pathText(path: readonly PathElement[]): string {
  return path.map(elementText).join("");
}
