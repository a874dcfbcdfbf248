import type { FieldSchema, ListSchema, ObjectSchema, Schema } from "../schema/contract.ts";
import { goJson } from "../schema/go-json.ts";
import { keyElement, type PathElement } from "./path-element.ts";

/** A JSON object being read. */
export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const untyped: Schema = { type: "any" };

/** How a value is divided for ownership. */
export type Atom =
  | { readonly kind: "leaf" }
  | { readonly kind: "map"; readonly schema: Schema }
  | { readonly kind: "list"; readonly schema: ListSchema };

const leafAtom: Atom = { kind: "leaf" };
const atoms = new WeakMap<Schema, Atom>();

/** What the schema makes of a value; raw JSON is divided where it is an object. */
export function atomOf(schema: Schema, value: unknown): Atom {
  if (schema.type === "any" && !isMembers(value)) return leafAtom;
  let atom = atoms.get(schema);
  if (atom === undefined) {
    atom = makeAtom(schema);
    atoms.set(schema, atom);
  }
  return atom;
}

function makeAtom(schema: Schema): Atom {
  switch (schema.type) {
    case "object":
      return schema.atomic === true ? leafAtom : { kind: "map", schema };
    case "map":
      return schema.map === "atomic" ? leafAtom : { kind: "map", schema };
    case "list":
      return schema.list === "atomic" ? leafAtom : { kind: "list", schema };
    case "any":
      return schema.atomic === true ? leafAtom : { kind: "map", schema };
    default:
      return leafAtom;
  }
}

/** The schema of a member, and the declared field where it is one. */
export function memberSchema(schema: Schema, name: string): { readonly schema: Schema; readonly field?: FieldSchema } {
  if (schema.type === "map") return { schema: schema.values };
  if (schema.type !== "object") return { schema: untyped };
  const field = schema.fields.get(name);
  return field === undefined ? { schema: untyped } : { schema: field.schema, field };
}

const fieldElements = new WeakMap<FieldSchema, PathElement>();

/** The path element of a member, made once for declared fields. */
export function fieldElement(name: string, field: FieldSchema | undefined): PathElement {
  if (field === undefined) return `f:${name}`;
  let element = fieldElements.get(field);
  if (element === undefined) {
    element = `f:${name}`;
    fieldElements.set(field, element);
  }
  return element;
}

/** An object of Go's: fields that Go always writes are there even when the decoded object lacks them. */
export function isGoStruct(schema: Schema): schema is ObjectSchema {
  return schema.type === "object" && schema.name !== undefined;
}

const emptyStruct: Members = Object.freeze({});

/** The value of a field that is not there, in a struct that is: undefined where Go leaves it out. */
export function absentValue(field: FieldSchema | undefined): unknown {
  if (field === undefined) return undefined;
  const { facts, schema } = field;
  if (facts.pointer === true) return facts.omitEmpty === true ? undefined : null;
  if (schema.type === "object") return facts.omitZero === true ? undefined : emptyStruct;
  if (facts.omitEmpty === true || facts.omitZero === true) return undefined;
  return zeroOf(schema);
}

const alwaysThere = new WeakMap<ObjectSchema, readonly FieldSchema[]>();

/** The fields of a struct that Go writes even where they are not set. */
export function fieldsAlwaysThere(schema: ObjectSchema): readonly FieldSchema[] {
  let fields = alwaysThere.get(schema);
  if (fields === undefined) {
    fields = [...schema.fields.values()].filter((field) => absentValue(field) !== undefined);
    alwaysThere.set(schema, fields);
  }
  return fields;
}

function zeroOf(schema: Schema): unknown {
  switch (schema.type) {
    case "string":
      return "";
    case "bool":
      return false;
    case "int32":
    case "int64":
    case "double":
      return 0;
    default:
      return null;
  }
}

const sortedKeys = new WeakMap<ListSchema, readonly string[]>();

function keysOf(schema: ListSchema): readonly string[] {
  if (schema.keys.length < 2) return schema.keys;
  let keys = sortedKeys.get(schema);
  if (keys === undefined) {
    keys = [...schema.keys].sort();
    sortedKeys.set(schema, keys);
  }
  return keys;
}

/** What identifies an item of a list; the text of an error where nothing does. */
export function itemElement(
  schema: ListSchema,
  item: unknown,
): { readonly element: PathElement } | { readonly error: string } {
  if (schema.list === "map") return mapItemElement(schema, item);
  if (Array.isArray(item)) return { error: "not supported: associative list with lists as elements" };
  if (isMembers(item)) return { error: "associative list without keys has an element that's a map type" };
  if (item === null) return { error: "associative list without keys has an element that's an explicit null" };
  return { element: `v:${goJson(item)}` };
}

function mapItemElement(
  schema: ListSchema,
  item: unknown,
): { readonly element: PathElement } | { readonly error: string } {
  if (item === null || item === undefined) return { error: "associative list with keys may not have a null element" };
  if (!isMembers(item)) return { error: "associative list with keys may not have non-map elements" };
  const entries: [string, unknown][] = [];
  for (const key of keysOf(schema)) {
    // A key that is null is one, for validation to refuse.
    const value = item[key] === undefined ? defaultOf(schema.items, key) : item[key];
    if (value !== undefined) entries.push([key, value]);
  }
  if (entries.length > 0) return { element: keyElement(entries) };
  const keys = `[${schema.keys.map((key) => JSON.stringify(key)).join(" ")}]`;
  const detail = "(and doesn't have default values for any key fields)";
  return { error: `associative list with keys has an element that omits all key fields ${keys} ${detail}` };
}

function defaultOf(items: Schema, key: string): unknown {
  if (items.type !== "object") return undefined;
  const field = items.fields.get(key);
  if (field === undefined) return undefined;
  return field.facts.default ?? (isGoStruct(items) ? (absentValue(field) ?? undefined) : undefined);
}

/** The same where the list is known to be valid; items that cannot be told apart stand by their place. */
export function knownElement(schema: ListSchema, item: unknown, index: number): PathElement {
  const found = itemElement(schema, item);
  return "element" in found ? found.element : `i:${index}`;
}
