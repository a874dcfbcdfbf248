import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  escapeIdentifier,
  isReservedField,
  intType,
  type ListSemantics,
  type ObjectField,
  timestampType,
} from "../../../apimachinery/index.ts";
import type { Structural } from "../schema/structural.ts";

/** Bytes of a request; bounds what no schema bounds. Upstream: `MaxRequestSizeBytes`. */
const requestBytesMax = 3 * 1024 * 1024;

/** Bytes of times in JSON, at most and at least. */
const [durationMost, durationLeast] = [32, 3];
const [timeMost, timeLeast, dateSize] = [32, 21, 12];

/** What a rule sees of a place in a custom resource. Undefined: its shape is not known, and rules cannot speak of it. */
export function celTypeOf(structural: Structural, name: string, isRoot: boolean): CelType | undefined {
  if (structural.intOrString) return { kind: "dyn", maxElements: textMost(structural) };
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
      return undefined;
  }
}

/** Upstream counts keys as nothing. */
const keyType: CelType = { kind: "string", maxElements: 0 };

function listType(structural: Structural, name: string): CelType | undefined {
  if (structural.items === undefined) return undefined;
  const element = celTypeOf(structural.items, `${name}.@idx`, structural.items.embedded);
  if (element === undefined) return undefined;
  const semantics = semanticsOf(structural);
  const maxElements = bound(structural.props.maxItems, leastSize(structural.items) + 1);
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

/** As many as a schema allows, else as many as a request can hold. */
function bound(most: number | undefined, bytesEach: number): number {
  return most === undefined ? Math.floor((requestBytesMax - 2) / bytesEach) : Math.max(0, most);
}

function objectType(structural: Structural, name: string, isRoot: boolean): CelType | undefined {
  const { additional, props } = structural;
  if (typeof additional === "object" && !isRoot) {
    const value = celTypeOf(additional, `${name}.@elem`, additional.embedded);
    const maxElements = bound(props.maxProperties, leastSize(additional) + 6);
    return value === undefined ? undefined : { kind: "map", key: keyType, value, maxElements };
  }
  const fields = new Map<string, ObjectField>();
  for (const [property, child] of structural.properties) {
    const escaped = escapeIdentifier(property);
    const type = celTypeOf(child, `${name}.${property}`, child.embedded);
    if (escaped === undefined || type === undefined) continue;
    fields.set(escaped, { name: property, type });
    if (isReservedField(property)) fields.set(property, { name: property, type, alias: true });
  }
  if (isRoot) addResourceFields(fields, name);
  return { kind: "object", name, fields };
}

/** Every object has these, whatever its schema says of them. */
function addResourceFields(fields: Map<string, ObjectField>, name: string): void {
  const type: CelType = { kind: "string", maxElements: requestBytesMax - 2 };
  const texts = (names: readonly string[]) =>
    new Map(names.map((field): [string, ObjectField] => [field, { name: field, type }]));
  for (const [name, field] of texts(["apiVersion", "kind"])) fields.set(name, field);
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

function textType({ props, ...structural }: Structural): CelType {
  const special = formats[props.format ?? ""];
  if (special?.kind === "bytes") {
    const { maxLength } = props;
    return { kind: "bytes", maxElements: maxLength === undefined ? requestBytesMax - 2 : Math.max(0, maxLength) };
  }
  if (special?.kind === "duration") return { kind: "duration", maxElements: durationMost };
  if (special !== undefined) return { kind: "timestamp", maxElements: props.format === "date" ? dateSize : timeMost };
  const choices: readonly unknown[] = props.enum ?? [];
  if (props.maxLength === undefined && choices.length > 0) {
    const sizes = choices.map((choice) => (typeof choice === "string" ? Buffer.byteLength(choice) : 0));
    return { kind: "string", maxElements: Math.max(...sizes) };
  }
  return { kind: "string", maxElements: textMost({ props, ...structural }) };
}

/** A character takes four bytes at most. */
function textMost({ props: { maxLength } }: Structural): number {
  return maxLength === undefined ? requestBytesMax - 2 : Math.max(0, maxLength) * 4;
}

/** Bytes that a value takes in JSON at least. Upstream: `MinSerializedSize`. */
export function leastSize(structural: Structural): number {
  if (structural.intOrString) return 1;
  switch (structural.type) {
    case "boolean":
      return 4;
    case "string":
      return leastTextSize(structural.props.format);
    case "array":
      return 2;
    case "object": {
      let size = 2;
      if (typeof structural.additional === "object") return size;
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

function leastTextSize(format: string | undefined): number {
  if (format === "duration") return durationLeast;
  if (format === "date") return dateSize;
  return format === "date-time" ? timeLeast : 2;
}

/** How many places there can be whose number no schema bounds. */
export function unboundedCardinality(structural: Structural): number {
  return Math.floor(requestBytesMax / (leastSize(structural) + 1));
}
