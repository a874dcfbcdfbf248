import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from "../../api/index.ts";
import { deepEqual } from "../../apimachinery/index.ts";

type Fields = Readonly<Record<string, unknown>>;

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
/** Conformance looks for the first words of these. */
const typeMeta = {
  apiVersion: {
    type: "string",
    description: "APIVersion defines in which group and version of the API this object is written.",
  },
  kind: { type: "string", description: "The kind of the object, in CamelCase. It cannot be changed." },
};

type Reference = (name: string) => Fields;

/** The definitions of a custom resource's kind and of its list. `com.example.v1.Foo` is how `example.com/v1` names Foo. */
export function definitionsOf(
  { spec }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  form: 2 | 3,
): readonly (readonly [string, Fields])[] {
  const { kind, listKind = `${kind}List` } = spec.names;
  const prefix = `${spec.group.split(".").toReversed().join(".")}.${version.name}`;
  const reference: Reference = (name) => ({ $ref: `#/${form === 2 ? "definitions" : "components/schemas"}/${name}` });
  const metadata = metadataOf(form, reference);
  const own = (version.schema?.openAPIV3Schema ?? { type: "object" }) as Fields;
  const identity = (name: string) => ({
    "x-kubernetes-group-version-kind": [{ group: spec.group, version: version.name, kind: name }],
    ...selectableOf(version),
  });
  const object = { ...bodyOf(own, form, metadata), ...identity(kind) };
  const items = { type: "array", description: `The objects of the list.`, items: reference(`${prefix}.${kind}`) };
  const list = {
    type: "object",
    description: `A list of objects of kind ${kind}.`,
    required: ["items"],
    properties: {
      ...typeMeta,
      metadata: described(form, "Metadata, as every list has it.", reference(`${meta}.ListMeta`)),
      items,
    },
    ...identity(listKind),
  };
  return [
    [`${prefix}.${kind}`, object],
    [`${prefix}.${listKind}`, list],
  ];
}

function described(form: 2 | 3, description: string, reference: Fields): Fields {
  return form === 2 ? { description, ...reference } : { description, allOf: [reference] };
}

function metadataOf(form: 2 | 3, reference: Reference): Fields {
  return described(
    form,
    "Standard object's metadata: name, namespace, labels and what else every object has.",
    reference(`${meta}.ObjectMeta`),
  );
}

/** Of the whole object. In v2, kubectl takes every field that is not listed for an error: what keeps any lists none. */
function bodyOf(own: Fields, form: 2 | 3, metadata: Fields): Fields {
  if (form === 2 && own[preserve] === true) return { type: "object" };
  const schema = embeddedOf(form === 2 ? asV2(own) : unfolded(own), form, metadata);
  const properties = { ...(schema["properties"] as Fields | undefined), ...typeMeta, metadata };
  return { ...schema, type: "object", properties };
}

function selectableOf({ selectableFields = [] }: CustomResourceDefinitionVersion): Fields {
  if (selectableFields.length === 0) return {};
  const fields = selectableFields.map(({ jsonPath }) => ({ fieldPath: jsonPath.replace(/^\./, "") }));
  return { "x-kubernetes-selectable-fields": fields };
}

const preserve = "x-kubernetes-preserve-unknown-fields";
const intOrString = [{ type: "integer" }, { type: "string" }];

/** A schema with another in the place of each that is inside it. */
function below(schema: Fields, change: (inner: Fields) => Fields): Record<string, unknown> {
  const changed: Record<string, unknown> = { ...schema };
  for (const key of ["items", "additionalProperties"]) {
    const inner = schema[key];
    if (typeof inner === "object" && inner !== null) changed[key] = change(inner as Fields);
  }
  const { properties } = schema as { properties?: Readonly<Record<string, Fields>> };
  if (properties !== undefined) {
    const inner = Object.entries(properties).map(([name, child]) => [name, change(child)]);
    changed["properties"] = Object.fromEntries(inner);
  }
  return changed;
}

/** Objects inside this one are said to have what objects have. */
function embeddedOf(schema: Fields, form: 2 | 3, metadata: Fields): Fields {
  const changed = below(schema, (inner) => embeddedOf(inner, form, metadata));
  if (schema["x-kubernetes-embedded-resource"] !== true || (form === 2 && schema[preserve] === true)) return changed;
  const required = new Set([...((schema["required"] as string[] | undefined) ?? []), "kind", "apiVersion"]);
  const properties = { ...(changed["properties"] as Fields | undefined), ...typeMeta, metadata };
  return { ...changed, properties, required: [...required] };
}

/** What `x-kubernetes-int-or-string` means, also for those who do not know it. */
function unfolded(schema: Fields): Fields {
  const changed = below(schema, unfolded);
  if (schema["x-kubernetes-int-or-string"] !== true) return changed;
  const [anyOf, allOf] = [schema["anyOf"], (schema["allOf"] ?? []) as Fields[]];
  if (deepEqual(anyOf, intOrString) || deepEqual(allOf[0]?.["anyOf"], intOrString)) return changed;
  return anyOf === undefined
    ? { ...changed, anyOf: intOrString }
    : { ...changed, allOf: [{ anyOf: intOrString }, ...allOf] };
}

const unknownToV2 = ["oneOf", "anyOf", "allOf", "not", "nullable", "x-kubernetes-validations"];

/** What OpenAPI v2 can say of it, and kubectl can read. Upstream: `ToStructuralOpenAPIV2`. */
function asV2(schema: Fields): Fields {
  const changed = below(schema, asV2);
  for (const key of unknownToV2) delete changed[key];
  if (schema["nullable"] === true || schema[preserve] === true)
    for (const key of ["items", "properties"]) delete changed[key];
  const { type } = schema;
  const untyped =
    schema["nullable"] === true ||
    schema["x-kubernetes-int-or-string"] === true ||
    (type === "array" && changed["items"] === undefined) ||
    (type === "object" && schema[preserve] === true);
  if (untyped) delete changed["type"];
  const nullable = Object.entries((schema["properties"] ?? {}) as Record<string, Fields>).flatMap(([name, child]) =>
    child["nullable"] === true ? [name] : [],
  );
  const required = ((schema["required"] ?? []) as string[]).filter((name) => !nullable.includes(name));
  if (required.length > 0) changed["required"] = required;
  else delete changed["required"];
  return changed;
}
