import {
  CelMap,
  type CelType,
  dynType,
  jsonOf,
  type ObjectField,
  stringType,
  type StructProvider,
  structValue,
  type Value,
} from "../../../apimachinery/index.ts";

const patchFields = new Map<string, ObjectField>([
  ["op", { name: "op", type: stringType }],
  ["path", { name: "path", type: stringType }],
  ["from", { name: "from", type: stringType }],
  ["value", { name: "value", type: dynType }],
]);

/** `Object{…}`, `Object.spec{…}` and so on, and `JSONPatch{…}`, which mutations are made of. */
export const mutationStructs: StructProvider = {
  find(name): CelType | undefined {
    if (name === "JSONPatch") return { kind: "object", name, fields: patchFields };
    return name === "Object" || name.startsWith("Object.") ? { kind: "object", name } : undefined;
  },
  create(type, fields): CelMap {
    return structValue(type.kind === "object" ? type.name : "", fields);
  },
};

/** What an `Object{…}` says, as JSON. */
export function configurationOf(value: Value): Readonly<Record<string, unknown>> | undefined {
  if (!(value instanceof CelMap) || value.typeName !== "Object") return undefined;
  return jsonOf(value) as Readonly<Record<string, unknown>>;
}

/** What a list of `JSONPatch{…}` says, as JSON. */
export function patchOf(value: Value): readonly unknown[] | undefined {
  return Array.isArray(value) ? (jsonOf(value) as readonly unknown[]) : undefined;
}
