import type { JSONSchemaProps } from "../../../api/index.ts";
import type { FieldSchema, ObjectSchema, Schema } from "../../../apimachinery/index.ts";

/**
 * A structural schema: the part of a custom resource's OpenAPI schema that says what its values look like. Upstream:
 * "Specifying a structural schema".
 */
export interface Structural {
  readonly props: JSONSchemaProps;
  readonly type: string;
  readonly properties: ReadonlyMap<string, Structural>;
  /** Of the values of other keys; `true` for any. */
  readonly additional: Structural | true | undefined;
  readonly items: Structural | undefined;
  readonly nullable: boolean;
  readonly preserveUnknown: boolean;
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly listType: string | undefined;
  readonly listKeys: readonly string[];
  /** Here or below there is a default, a set or list map, an embedded object: spares walking where there is none. */
  readonly hasDefaults: boolean;
  readonly hasListTypes: boolean;
  readonly hasEmbedded: boolean;
}

export function structuralOf(props: JSONSchemaProps): Structural {
  const properties = new Map(
    Object.entries(props.properties ?? {}).map(([name, child]) => [name, structuralOf(child)]),
  );
  const { additionalProperties } = props as { additionalProperties?: unknown };
  const additional =
    typeof additionalProperties === "object" && additionalProperties !== null
      ? structuralOf(additionalProperties as JSONSchemaProps)
      : additionalProperties === true
        ? true
        : undefined;
  const items = props.items === undefined ? undefined : structuralOf(props.items as JSONSchemaProps);
  const children = [
    ...properties.values(),
    ...(typeof additional === "object" ? [additional] : []),
    ...(items === undefined ? [] : [items]),
  ];
  const listType = props["x-kubernetes-list-type"];
  const embedded = props["x-kubernetes-embedded-resource"] === true;
  return {
    props,
    type: props.type ?? "",
    properties,
    additional,
    items,
    nullable: props.nullable === true,
    preserveUnknown: props["x-kubernetes-preserve-unknown-fields"] === true,
    embedded,
    intOrString: props["x-kubernetes-int-or-string"] === true,
    listType,
    listKeys: props["x-kubernetes-list-map-keys"] ?? [],
    hasDefaults: props.default !== undefined || children.some(({ hasDefaults }) => hasDefaults),
    hasListTypes: listType === "set" || listType === "map" || children.some(({ hasListTypes }) => hasListTypes),
    hasEmbedded: embedded || children.some(({ hasEmbedded }) => hasEmbedded),
  };
}

/**
 * What server-side apply and patches need to know of it. `metadata` is that of objects, which may be embedded; `open`
 * are the fields below one that preserves unknown ones.
 */
function mergeSchemaOf(structural: Structural, metadata: ObjectSchema, above: boolean): Schema {
  const open = above || structural.preserveUnknown;
  if (structural.intOrString) return { type: "IntOrString" };
  switch (structural.type) {
    case "object":
      return objectSchema(structural, metadata, open);
    case "array":
      return {
        type: "list",
        items: structural.items === undefined ? { type: "any" } : mergeSchemaOf(structural.items, metadata, open),
        list: listTypeOf(structural),
        keys: structural.listKeys,
      };
    case "integer":
      return { type: "int64" };
    case "number":
      return { type: "double" };
    case "boolean":
      return { type: "bool" };
    case "string":
      return { type: "string" };
    default:
      return { type: "any" };
  }
}

function listTypeOf({ listType: type }: Structural): "map" | "set" | "atomic" {
  return type === "map" || type === "set" ? type : "atomic";
}

function objectSchema(structural: Structural, metadata: ObjectSchema, open: boolean): Schema {
  const atomic = structural.props["x-kubernetes-map-type"] === "atomic";
  if (structural.properties.size === 0 && structural.additional !== undefined) {
    const { additional } = structural;
    const values: Schema = additional === true ? { type: "any" } : mergeSchemaOf(additional, metadata, open);
    return { type: "map", values, map: atomic ? "atomic" : "granular" };
  }
  return {
    type: "object",
    fields: fieldsOf(structural, metadata, structural.embedded, open),
    ...(open || structural.properties.size === 0 ? { preserveUnknown: true as const } : {}),
    ...(atomic ? { atomic: true as const } : {}),
  };
}

/** The default matters where the field is a key of a list. */
function fieldOf(name: string, schema: Schema, value?: unknown): FieldSchema {
  const facts = { type: "Any", pointer: true, omitEmpty: true } as const;
  return { name, schema, facts: value === undefined ? facts : { ...facts, default: value } };
}

function fieldsOf(
  structural: Structural | undefined,
  metadata: ObjectSchema,
  isWhole: boolean,
  open: boolean,
): ReadonlyMap<string, FieldSchema> {
  const fields = new Map<string, FieldSchema>();
  if (isWhole) {
    for (const key of ["apiVersion", "kind"]) fields.set(key, fieldOf(key, { type: "string" }));
    fields.set("metadata", { name: "metadata", schema: metadata, facts: { type: "Any", omitEmpty: true } });
  }
  for (const [key, child] of structural?.properties ?? []) {
    if (!fields.has(key)) fields.set(key, fieldOf(key, mergeSchemaOf(child, metadata, open), child.props.default));
  }
  return fields;
}

/** The schema of whole objects: the custom part, with the metadata that every kind has. */
export function rootSchemaOf(structural: Structural | undefined, metadata: ObjectSchema, name: string): ObjectSchema {
  const open = structural === undefined || structural.preserveUnknown;
  const fields = fieldsOf(structural, metadata, true, open);
  return { type: "object", name, fields, ...(open ? { preserveUnknown: true as const } : {}) };
}
