import type { Schema } from "../schema/contract.ts";
import {
  atomOf,
  fieldElement,
  fieldsAlwaysThere,
  isGoStruct,
  isMembers,
  knownElement,
  memberSchema,
  type Members,
} from "./atoms.ts";
import { emptySet, type FieldSet, isEmptySet, leaf, memberNode, sorted } from "./field-set.ts";

/** The paths that a configuration sets: its leaves, items of lists, and members of free maps. */
export function toFieldSet(value: unknown, schema: Schema): FieldSet {
  return isMembers(value) ? mapSet(value, schema) : emptySet;
}

/** Undefined where the value adds no path below itself; `leaf` where it is one. */
function below(value: unknown, schema: Schema): FieldSet | undefined {
  const atom = atomOf(schema, value);
  if (atom.kind === "leaf") return leaf;
  if (atom.kind === "map") {
    const set = isMembers(value) ? mapSet(value, schema) : emptySet;
    return isEmptySet(set) ? undefined : set;
  }
  if (!Array.isArray(value)) return undefined;
  const result: Record<string, FieldSet> = {};
  const twice = new Set<string>();
  value.forEach((item, index) => {
    const element = knownElement(atom.schema, item, index);
    if (element in result) twice.add(element);
    result[element] = twice.has(element) ? leaf : memberNode(inner(item, atom.schema.items));
  });
  return isEmptySet(result) ? undefined : sorted(result);
}

function inner(value: unknown, schema: Schema): FieldSet {
  return below(value, schema) ?? emptySet;
}

function mapSet(value: Members, schema: Schema): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const name in value) {
    const member = value[name];
    const { schema: memberType, field } = memberSchema(schema, name);
    const set = below(member, memberType);
    const isEmpty = member === null || (isMembers(member) && isEmptySet(member as FieldSet));
    if (isEmpty || (field === undefined && set === leaf)) result[`f:${name}`] = leaf;
    else if (field === undefined) result[`f:${name}`] = memberNode(set ?? emptySet);
    else if (set !== undefined) result[`f:${name}`] = set;
  }
  return sorted(result);
}

/** The node of a value that is wholly new, or wholly gone: itself and everything in it. */
export function wholeNode(value: unknown, schema: Schema): FieldSet {
  const atom = atomOf(schema, value);
  if (atom.kind === "leaf" || value === null || typeof value !== "object") return leaf;
  const result: Record<string, FieldSet> = {};
  if (atom.kind === "list") {
    if (!Array.isArray(value)) return leaf;
    value.forEach((item, index) => {
      const element = knownElement(atom.schema, item, index);
      result[element] = element in result ? leaf : wholeNode(item, atom.schema.items);
    });
  } else {
    addMembers(value as Members, schema, result);
  }
  return memberNode(sorted(result));
}

function addMembers(value: Members, schema: Schema, result: Record<string, FieldSet>): void {
  for (const name in value) {
    const member = value[name];
    if (member === undefined) continue;
    const { schema: inner, field } = memberSchema(schema, name);
    result[fieldElement(name, field)] = wholeNode(member, inner);
  }
  if (!isGoStruct(schema) || isEmptySet(value as FieldSet)) return;
  for (const field of fieldsAlwaysThere(schema)) {
    if (value[field.name] === undefined) result[fieldElement(field.name, field)] = leaf;
  }
}
