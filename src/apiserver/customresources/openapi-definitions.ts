import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from "../../api/index.ts";

type Fields = Readonly<Record<string, unknown>>;

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const typeMeta = {
  apiVersion: {
    type: "string",
    description: "The version of the API that this object is written in, as group and version.",
  },
  kind: { type: "string", description: "The kind of the object, in CamelCase. It cannot be changed." },
};

/** The definitions of a custom resource's kind and of its list. `com.example.v1.Foo` is how `example.com/v1` names Foo. */
export function definitionsOf(
  { spec }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  form: 2 | 3,
): readonly (readonly [string, Fields])[] {
  const { kind, listKind = `${kind}List` } = spec.names;
  const prefix = `${spec.group.split(".").toReversed().join(".")}.${version.name}`;
  const reference = (name: string) => ({ $ref: `#/${form === 2 ? "definitions" : "components/schemas"}/${name}` });
  const described = (description: string, name: string) =>
    form === 2 ? { description, ...reference(name) } : { description, allOf: [reference(name)] };
  const own = (version.schema?.openAPIV3Schema ?? { type: "object" }) as Fields;
  const schema = form === 2 ? (asV2(own) as Fields) : own;
  const identity = (name: string) => ({
    "x-kubernetes-group-version-kind": [{ group: spec.group, version: version.name, kind: name }],
  });
  const object = {
    ...schema,
    type: "object",
    properties: {
      ...(schema["properties"] as Fields | undefined),
      ...typeMeta,
      metadata: described("Metadata, as every object has it.", `${meta}.ObjectMeta`),
    },
    ...identity(kind),
  };
  const items = { type: "array", description: `The objects of the list.`, items: reference(`${prefix}.${kind}`) };
  const list = {
    type: "object",
    description: `A list of objects of kind ${kind}.`,
    required: ["items"],
    properties: { ...typeMeta, metadata: described("Metadata, as every list has it.", `${meta}.ListMeta`), items },
    ...identity(listKind),
  };
  return [
    [`${prefix}.${kind}`, object],
    [`${prefix}.${listKind}`, list],
  ];
}

const unknownToV2 = ["oneOf", "anyOf", "allOf", "not", "nullable", "x-kubernetes-validations"];
const shape = ["type", "items", "properties", "additionalProperties"];

/** What OpenAPI v2 can say of it. Upstream: a value that may be null has no type there. */
function asV2(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  const fields = schema as Fields;
  const dropped = new Set(unknownToV2);
  if (fields["nullable"] === true) for (const key of shape) dropped.add(key);
  if (fields["x-kubernetes-int-or-string"] === true) dropped.add("type");
  const kept = Object.entries(fields).filter(([key]) => !dropped.has(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, nested(key, value)]));
}

function nested(key: string, value: unknown): unknown {
  if (key === "properties")
    return Object.fromEntries(Object.entries(value as Fields).map(([name, child]) => [name, asV2(child)]));
  return key === "items" || key === "additionalProperties" ? asV2(value) : value;
}
