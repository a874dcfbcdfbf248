import type { CustomResourceDefinition, JSONSchemaProps } from "../../../api/index.ts";
import { deepEqual, withoutEmpties } from "../../../apimachinery/index.ts";
import { structuralOf } from "../schema/structural.ts";
import { checkListKeys } from "./list-rules.ts";
import { hasSchema, schemasOf } from "./internal-form.ts";
import { prunesDefaults } from "./default-rules.ts";
import { selectableFieldsMax } from "./selectable-rules.ts";

/** What is asked of a schema. What a definition had before it was asked, it may keep. */
export interface SchemaOptions {
  readonly requireSchema: boolean;
  readonly requireValidTypes: boolean;
  readonly requirePrunedDefaults: boolean;
  /** Elements of sets are scalars, or atomic. */
  readonly requireAtomicSets: boolean;
  /** Keys of list maps are there, and neither they nor elements are null. */
  readonly requireListKeys: boolean;
  /** Versions whose schema did not change: what one of their rules may cost is not asked again. */
  readonly unchangedVersions: ReadonlySet<string>;
  /** Versions that had too many selectable fields, and have the same. "": all of them alike. */
  readonly manySelectable: ReadonlySet<string>;
}

export const strictOptions: SchemaOptions = {
  requireSchema: true,
  requireValidTypes: true,
  requirePrunedDefaults: true,
  requireAtomicSets: true,
  requireListKeys: true,
  unchangedVersions: new Set(),
  manySelectable: new Set(),
};

/** Texts of a schema that upstream tells from absent ones when they are empty. */
export const pointerFields: ReadonlySet<string> = new Set(["$ref", "x-kubernetes-list-type", "x-kubernetes-map-type"]);

export const schemaTypes = ["array", "boolean", "integer", "number", "object", "string"];

/** For an update. */
export function optionsAfter(definition: CustomResourceDefinition, old: CustomResourceDefinition): SchemaOptions {
  const before = schemasOf(old);
  const none = (holds: (schema: JSONSchemaProps) => boolean) => !before.some((schema) => hasSchema(schema, holds));
  return {
    requireSchema: old.spec.versions.every(({ schema }) => schema?.openAPIV3Schema !== undefined),
    requireValidTypes: none(({ type = "" }) => type !== "" && !schemaTypes.includes(type)),
    requirePrunedDefaults: !before.some((schema) => prunesDefaults(structuralOf(schema))),
    requireAtomicSets: none(hasLooseSet),
    requireListKeys: none((schema) => checkListKeys(schema).length > 0),
    unchangedVersions: unchangedVersions(definition, old),
    manySelectable: manySelectable(definition, old),
  };
}

/** A set whose elements are not compared as a whole. */
export function hasLooseSet(schema: JSONSchemaProps): boolean {
  if (schema["x-kubernetes-list-type"] !== "set") return false;
  const items = schema.items as JSONSchemaProps | undefined;
  if (items?.type === "array") return (items["x-kubernetes-list-type"] ?? "atomic") !== "atomic";
  return items?.type === "object" && items["x-kubernetes-map-type"] !== "atomic";
}

function unchangedVersions(definition: CustomResourceDefinition, old: CustomResourceDefinition): Set<string> {
  const before = new Map(old.spec.versions.map((version) => [version.name, version]));
  return new Set(
    withoutEmpties(definition).spec.versions.flatMap(({ name, schema }) => {
      const known = before.get(name);
      return known !== undefined && deepEqual(known.schema, schema) ? [name] : [];
    }),
  );
}

function manySelectable(definition: CustomResourceDefinition, old: CustomResourceDefinition): Set<string> {
  const before = new Map(old.spec.versions.map((version) => [version.name, version.selectableFields ?? []]));
  const same = definition.spec.versions.filter(({ name, selectableFields = [] }) => {
    const known = before.get(name) ?? [];
    return known.length > selectableFieldsMax && deepEqual(known, selectableFields);
  });
  const names = new Set(same.map(({ name }) => name));
  if (same.length > 0 && same.length === definition.spec.versions.length) names.add("");
  return names;
}
