import type { Schema } from "../schema/contract.ts";
import { atomOf, isMembers, knownElement, memberSchema } from "./atoms.ts";
import { type FieldSet, hasChildren, isEmptySet, isMember, leaf } from "./field-set.ts";

/** The value without the paths of a set; undefined where nothing is left. What is within it stays, though emptied. */
export function removeItems(value: unknown, set: FieldSet, schema: Schema): unknown {
  if (isEmptySet(set)) return value;
  const atom = atomOf(schema, value);
  if (atom.kind === "leaf") return typeof value === "object" ? undefined : value;
  if (atom.kind === "map") return isMembers(value) ? removeMembers(value, set, schema) : undefined;
  if (!Array.isArray(value)) return undefined;
  const kept: unknown[] = [];
  value.forEach((item, index) => {
    const node = set[knownElement(atom.schema, item, index)];
    if (node === undefined) kept.push(item);
    else if (!isMember(node)) kept.push(removeItems(item, node, atom.schema.items) ?? emptied(item));
  });
  return kept.length === 0 ? undefined : kept;
}

function removeMembers(value: Readonly<Record<string, unknown>>, set: FieldSet, schema: Schema): unknown {
  const kept: Record<string, unknown> = {};
  for (const name in value) {
    const node = set[`f:${name}`];
    if (node === undefined) kept[name] = value[name];
    else if (!isMember(node)) {
      kept[name] = removeItems(value[name], node, memberSchema(schema, name).schema) ?? emptied(value[name]);
    }
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

function emptied(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  return isMembers(value) ? {} : null;
}

/** Declared fields that only lead to members become members themselves. */
export function withNamedFields(set: FieldSet, schema: Schema): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element in set) {
    if (element === ".") continue;
    const node = set[element] ?? leaf;
    const isField = element.startsWith("f:");
    const { schema: inner, field } = isField ? memberSchema(schema, element.slice(2)) : itemSchema(schema);
    const children = hasChildren(node) ? withNamedFields(node, inner) : {};
    const member = isMember(node) || field !== undefined;
    result[element] = member ? (isEmptySet(children) ? leaf : { ".": leaf, ...children }) : children;
  }
  return result;
}

function itemSchema(schema: Schema): { readonly schema: Schema; readonly field?: undefined } {
  return { schema: schema.type === "list" ? schema.items : { type: "any" } };
}

/**
 * Fits a stored set to the schema of today: where something became atomic since, its owner owns the whole of it.
 * Returns the set itself where nothing has to change.
 */
export function reconcileWithSchema(set: FieldSet, schema: Schema): FieldSet {
  let result: Record<string, FieldSet> | undefined;
  for (const element in set) {
    const node = set[element] ?? leaf;
    if (element === "." || !hasChildren(node)) continue;
    const inner = element.startsWith("f:") ? memberSchema(schema, element.slice(2)).schema : itemSchema(schema).schema;
    const isAtomic =
      (inner.type === "list" && inner.list === "atomic") ||
      (inner.type === "map" && inner.map === "atomic") ||
      ((inner.type === "object" || inner.type === "any") && inner.atomic === true);
    const reconciled = isAtomic ? leaf : reconcileWithSchema(node, inner);
    if (reconciled !== node) (result ??= { ...set })[element] = reconciled;
  }
  return result ?? set;
}
