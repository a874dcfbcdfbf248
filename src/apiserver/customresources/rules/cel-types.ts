import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  type ListSemantics,
  type ObjectField,
  stringType,
  timestampType,
} from "../../../apimachinery/index.ts";
import type { Structural } from "../schema/structural.ts";
import { escapeIdentifier } from "./identifiers.ts";

/** Bytes of a request; bounds what no schema bounds. Upstream: `MaxRequestSizeBytes`. */
const requestBytesMax = 3 * 1024 * 1024;

/** What a rule sees of a place in a custom resource. Undefined: its shape is not known, and rules cannot speak of it. */
export function celTypeOf(structural: Structural, name: string, isRoot: boolean): CelType | undefined {
  if (structural.intOrString) return dynType;
  const { props } = structural;
  switch (structural.type) {
    case "array":
      return listType(structural, name);
    case "object":
      return objectType(structural, name, isRoot);
    case "integer":
      return intType;
    case "number":
      return doubleType;
    case "boolean":
      return boolType;
    case "string":
      return textType(structural);
    default:
      return structural.preserveUnknown || props.type === undefined ? dynType : undefined;
  }
}

function listType(structural: Structural, name: string): CelType | undefined {
  if (structural.items === undefined) return undefined;
  const element = celTypeOf(structural.items, `${name}.@idx`, structural.items.embedded);
  if (element === undefined) return undefined;
  const semantics = semanticsOf(structural);
  const maxElements =
    structural.props.maxItems ?? Math.floor((requestBytesMax - 2) / (leastSize(structural.items) + 1));
  return { kind: "list", element, maxElements, ...(semantics === undefined ? {} : { semantics }) };
}

function semanticsOf({ props }: Structural): ListSemantics | undefined {
  const type = props["x-kubernetes-list-type"];
  if (type === "set") return { type };
  return type === "map" ? { type, keys: (props["x-kubernetes-list-map-keys"] ?? []).map(escapedOrSame) } : undefined;
}

function escapedOrSame(name: string): string {
  return escapeIdentifier(name) ?? name;
}

function objectType(structural: Structural, name: string, isRoot: boolean): CelType {
  const { additional, props } = structural;
  if (additional !== undefined && structural.properties.size === 0) {
    const value =
      additional === true ? dynType : (celTypeOf(additional, `${name}.@elem`, additional.embedded) ?? dynType);
    const least = additional === true ? 1 : leastSize(additional);
    const maxElements = props.maxProperties ?? Math.floor((requestBytesMax - 2) / (least + 6));
    return { kind: "map", key: stringType, value, maxElements };
  }
  if (structural.properties.size === 0 && structural.preserveUnknown && !isRoot && !structural.embedded) return dynType;
  const fields = new Map<string, ObjectField>();
  for (const [property, child] of structural.properties) {
    const escaped = escapeIdentifier(property);
    const type = celTypeOf(child, `${name}.${property}`, child.embedded);
    if (escaped !== undefined && type !== undefined) fields.set(escaped, { name: property, type });
  }
  if (isRoot || structural.embedded) addResourceFields(fields, name);
  return { kind: "object", name, fields };
}

/** Every object has these, whatever its schema says of them. */
function addResourceFields(fields: Map<string, ObjectField>, name: string): void {
  const texts = (names: readonly string[]) =>
    new Map(names.map((field) => [field, { name: field, type: stringType } as ObjectField]));
  for (const [field, type] of texts(["apiVersion", "kind"])) fields.set(field, type);
  fields.set("metadata", {
    name: "metadata",
    type: { kind: "object", name: `${name}.metadata`, fields: texts(["name", "generateName"]) },
  });
}

const formats: Readonly<Record<string, CelType>> = {
  byte: bytesType,
  date: timestampType,
  "date-time": timestampType,
  duration: durationType,
};

function textType({ props }: Structural): CelType {
  const special = formats[props.format ?? ""];
  if (special !== undefined && special.kind !== "bytes") return special;
  const kind = special === undefined ? "string" : "bytes";
  // A character takes four bytes at most.
  if (props.maxLength !== undefined)
    return { kind, maxElements: kind === "bytes" ? props.maxLength : props.maxLength * 4 };
  const choices = (props.enum ?? []) as readonly unknown[];
  if (choices.length > 0) return { kind, maxElements: Math.max(...choices.map((choice) => String(choice).length)) };
  return { kind, maxElements: requestBytesMax - 2 };
}

/** Bytes that a value takes in JSON at least. */
export function leastSize(structural: Structural): number {
  switch (structural.type) {
    case "boolean":
      return 4;
    case "string":
    case "array":
      return 2;
    case "object": {
      let size = 2;
      for (const name of structural.props.required ?? []) {
        const child = structural.properties.get(name);
        if (child !== undefined && child.props.default === undefined) size += name.length + leastSize(child) + 4;
      }
      return size;
    }
    default:
      return 1;
  }
}

/** How many times over a place's children may be there; undefined when no schema bounds it. */
export function multiplicity(structural: Structural): number | undefined {
  if (structural.type === "array") return structural.props.maxItems;
  if (structural.type === "object" && structural.additional !== undefined) return structural.props.maxProperties;
  return 1;
}

/** How many places there can be whose number no schema bounds. */
export function unboundedCardinality(structural: Structural): number {
  return Math.floor(requestBytesMax / (leastSize(structural) + 1));
}
