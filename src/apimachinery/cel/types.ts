/** The types of expressions. What is particular to a place (its greatest size) stands on the type of that place. */
export type CelType =
  | { readonly kind: ScalarKind; readonly maxElements?: number }
  | {
      readonly kind: "list";
      readonly element: CelType;
      readonly maxElements?: number;
      readonly semantics?: ListSemantics;
    }
  | { readonly kind: "map"; readonly key: CelType; readonly value: CelType; readonly maxElements?: number }
  | { readonly kind: "optional"; readonly element: CelType }
  | { readonly kind: "type"; readonly of: CelType | undefined }
  | { readonly kind: "wrapper"; readonly element: CelType }
  | { readonly kind: "opaque"; readonly name: string }
  | ObjectType
  | { readonly kind: "parameter"; readonly name: string };

type ScalarKind =
  | "dyn"
  | "error"
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "null"
  | "timestamp"
  | "duration";

/** `x-kubernetes-list-type`: sets and maps are equal in whatever order, and `+` merges them. */
export type ListSemantics = { readonly type: "set" } | { readonly type: "map"; readonly keys: readonly string[] };

export interface ObjectType {
  readonly kind: "object";
  readonly name: string;
  /** By the name an expression uses; absent: any field may be asked for. */
  readonly fields?: ReadonlyMap<string, ObjectField>;
}

export interface ObjectField {
  /** In JSON. */
  readonly name: string;
  readonly type: CelType;
  /** Another way to write a field that has a name already: it is not there twice. */
  readonly alias?: true;
}

const scalar = <K extends ScalarKind>(kind: K) => ({ kind }) as const;

export const dynType: CelType = scalar("dyn");
export const errorType: CelType = scalar("error");
export const boolType: CelType = scalar("bool");
export const intType: CelType = scalar("int");
export const uintType: CelType = scalar("uint");
export const doubleType: CelType = scalar("double");
export const stringType: CelType = scalar("string");
export const bytesType: CelType = scalar("bytes");
export const nullType: CelType = scalar("null");
export const timestampType: CelType = scalar("timestamp");
export const durationType: CelType = scalar("duration");

export function listOf(element: CelType): CelType {
  return { kind: "list", element };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: "map", key, value };
}

/** An object whose fields have the same name in JSON. */
export function objectOf(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  const entries = Object.entries(fields).map(([field, type]): [string, ObjectField] => [field, { name: field, type }]);
  return { kind: "object", name, fields: new Map(entries) };
}

export function optionalOf(element: CelType): CelType {
  return { kind: "optional", element };
}

export function opaque(name: string): CelType {
  return { kind: "opaque", name };
}

export function parameter(name: string): CelType {
  return { kind: "parameter", name };
}

/** As compile errors show it: `map(string, list(int))`. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case "list":
      return `list(${typeText(type.element)})`;
    case "map":
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case "optional":
      return `optional_type(${typeText(type.element)})`;
    case "wrapper":
      return `wrapper(${typeText(type.element)})`;
    case "type":
      return type.of === undefined ? "type" : `type(${typeText(type.of)})`;
    case "opaque":
    case "object":
    case "parameter":
      return type.name;
    case "error":
      return "!error!";
    case "timestamp":
      return "timestamp";
    default:
      return type.kind;
  }
}
