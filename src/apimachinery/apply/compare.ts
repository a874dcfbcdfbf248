import type { ListSchema, Schema } from "../schema/contract.ts";
import { nilList } from "../schema/values.ts";
import { deepEqual } from "../validation/equal.ts";
import {
  absentValue,
  atomOf,
  fieldElement,
  isGoStruct,
  isMembers,
  knownElement,
  memberSchema,
  type Members,
} from "./atoms.ts";
import { emptySet, type FieldSet, leaf, sorted } from "./field-set.ts";
import { wholeNode } from "./to-field-set.ts";

/** What changed between two objects. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** The same for one value; undefined where nothing changed. */
interface Change {
  added?: FieldSet;
  modified?: FieldSet;
  removed?: FieldSet;
}

const modifiedLeaf: Change = { modified: leaf };
export const noChange: Comparison = { added: emptySet, modified: emptySet, removed: emptySet };

export function compareObjects(old: unknown, now: unknown, schema: Schema): Comparison {
  const change = compareMembers(isMembers(old) ? old : {}, isMembers(now) ? now : {}, schema);
  if (change === undefined) return noChange;
  return {
    added: change.added ?? emptySet,
    modified: change.modified ?? emptySet,
    removed: change.removed ?? emptySet,
  };
}

function compareValues(old: unknown, now: unknown, schema: Schema): Change | undefined {
  if (old === now) return undefined;
  const atom = atomOf(schema, now ?? old);
  if (atom.kind === "leaf") return deepEqual(old, now) ? undefined : modifiedLeaf;
  if (atom.kind === "map") {
    const [before, after] = [asMembers(old), asMembers(now)];
    if (before === undefined || after === undefined) return modifiedLeaf;
    return compareMembers(before, after, schema) ?? compareEmpty(old, now);
  }
  const [before, after] = [asList(old), asList(now)];
  if (before === undefined || after === undefined) return modifiedLeaf;
  return compareLists(before, after, atom.schema) ?? compareEmpty(old, now);
}

/** Of two without a difference below: null is something else than what is empty. */
function compareEmpty(old: unknown, now: unknown): Change | undefined {
  return (old === null) === (now === null) ? undefined : modifiedLeaf;
}

function asMembers(value: unknown): Members | undefined {
  if (value === null || value === undefined) return {};
  return isMembers(value) ? value : undefined;
}

function asList(value: unknown): readonly unknown[] | undefined {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value : undefined;
}

function compareMembers(old: Members, now: Members, schema: Schema): Change | undefined {
  const struct = isGoStruct(schema);
  let change: Change | undefined;
  for (const name in now) {
    const after = orNull(now[name]);
    const before = orNull(old[name]);
    if (before === after || after === undefined) continue;
    const { schema: inner, field } = memberSchema(schema, name);
    const from = before === undefined && struct ? absentValue(field) : before;
    change = note(change, fieldElement(name, field), compareMember(from, after, inner));
  }
  for (const name in old) {
    const before = orNull(old[name]);
    if (before === undefined || now[name] !== undefined) continue;
    const { schema: inner, field } = memberSchema(schema, name);
    const absent = struct ? absentValue(field) : undefined;
    change = note(change, fieldElement(name, field), compareMember(before, absent, inner));
  }
  return finished(change);
}

/** Lists that Go has not, as Go writes them: what is stored holds null, what was decoded an empty list. */
function orNull(value: unknown): unknown {
  return value === nilList ? null : value;
}

function compareMember(old: unknown, now: unknown, schema: Schema): Change | undefined {
  if (old === undefined) return { added: wholeNode(now, schema) };
  if (now === undefined) return { removed: wholeNode(old, schema) };
  return compareValues(old, now, schema);
}

/** Adds what changed in a part to what changed in the whole. */
function note(change: Change | undefined, element: string, part: Change | undefined): Change | undefined {
  if (part === undefined) return change;
  const result = change ?? {};
  if (part.added !== undefined) ((result.added ??= {}) as Record<string, FieldSet>)[element] = part.added;
  if (part.modified !== undefined) ((result.modified ??= {}) as Record<string, FieldSet>)[element] = part.modified;
  if (part.removed !== undefined) ((result.removed ??= {}) as Record<string, FieldSet>)[element] = part.removed;
  return result;
}

function finished(change: Change | undefined): Change | undefined {
  if (change === undefined) return undefined;
  if (change.added !== undefined) change.added = sorted(change.added);
  if (change.modified !== undefined) change.modified = sorted(change.modified);
  if (change.removed !== undefined) change.removed = sorted(change.removed);
  return change;
}

function compareLists(old: readonly unknown[], now: readonly unknown[], schema: ListSchema): Change | undefined {
  const before = byElement(old, schema);
  const after = byElement(now, schema);
  let change: Change | undefined;
  for (const [element, items] of before) {
    change = note(change, element, compareItems(items, after.get(element), schema.items));
  }
  for (const [element, items] of after) {
    if (!before.has(element)) change = note(change, element, compareItems(undefined, items, schema.items));
  }
  return finished(change);
}

function byElement(list: readonly unknown[], schema: ListSchema): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  list.forEach((item, index) => {
    const element = knownElement(schema, item, index);
    const same = found.get(element);
    if (same === undefined) found.set(element, [item]);
    else same.push(item);
  });
  return found;
}

/** Items under one key; there may be several, since stored objects may hold duplicates. */
function compareItems(old: unknown[] | undefined, now: unknown[] | undefined, schema: Schema): Change | undefined {
  const [before, after] = [old ?? [], now ?? []];
  if (before.length <= 1 && after.length <= 1) return compareMember(before[0], after[0], schema);
  if (before.length >= 2 && after.length >= 2) return deepEqual(before, after) ? undefined : modifiedLeaf;
  if (before.length >= 2) {
    return { removed: leaf, ...(after.length === 0 ? {} : { added: wholeNode(after[0], schema) }) };
  }
  return { added: leaf, ...(before.length === 0 ? {} : { removed: wholeNode(before[0], schema) }) };
}
