import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  CustomResourceValidation,
  JSONSchemaProps,
  SelectableField,
} from "../../../api/index.ts";
import { deepEqual } from "../../../apimachinery/index.ts";

/** What all versions share, as the form that upstream validates has it: said once, of the whole definition. */
export interface SharedParts {
  readonly schema?: CustomResourceValidation;
  readonly subresources?: CustomResourceSubresources;
  readonly columns?: readonly CustomResourceColumnDefinition[];
  readonly selectableFields?: readonly SelectableField[];
}

export interface InternalForm {
  readonly shared: SharedParts;
  /** Without what they share. */
  readonly versions: readonly CustomResourceDefinitionVersion[];
}

/**
 * Upstream's internal version of a definition. What is the same in all versions moves to the top, so that errors of it
 * are told of `spec.validation`, not of `spec.versions[0].schema`.
 */
export function internalForm({ spec }: CustomResourceDefinition): InternalForm {
  const [first] = spec.versions;
  if (first === undefined) return { shared: {}, versions: [] };
  const same = (key: "schema" | "subresources" | "additionalPrinterColumns" | "selectableFields") =>
    spec.versions.every((version) => deepEqual(presence(version[key]), presence(first[key])));
  const keep = <T>(yes: boolean, value: T | undefined, name: string) =>
    yes && value !== undefined ? { [name]: value } : {};
  const isShared = {
    schema: same("schema"),
    subresources: same("subresources"),
    columns: same("additionalPrinterColumns"),
    selectableFields: same("selectableFields"),
  };
  const shared: SharedParts = {
    ...keep(isShared.schema, first.schema, "schema"),
    ...keep(isShared.subresources, first.subresources, "subresources"),
    ...keep(isShared.columns, first.additionalPrinterColumns, "columns"),
    ...keep(isShared.selectableFields, first.selectableFields, "selectableFields"),
  };
  const versions = spec.versions.map((version) => {
    const own = { ...version };
    if (isShared.schema) delete own.schema;
    if (isShared.subresources) delete own.subresources;
    if (isShared.columns) delete own.additionalPrinterColumns;
    if (isShared.selectableFields) delete own.selectableFields;
    return own;
  });
  return { shared, versions };
}

/** An empty list is none. */
function presence(value: unknown): unknown {
  return value === undefined || (Array.isArray(value) && value.length === 0) ? null : value;
}

/** All schemas of a definition. */
export function schemasOf({ spec }: CustomResourceDefinition): JSONSchemaProps[] {
  return spec.versions.flatMap(({ schema }) => schema?.openAPIV3Schema ?? []);
}

/** Whether a schema or one inside it is so. */
export function hasSchema(schema: JSONSchemaProps, holds: (schema: JSONSchemaProps) => boolean): boolean {
  return holds(schema) || schemasInside(schema).some((inner) => hasSchema(inner, holds));
}

function schemasInside(schema: JSONSchemaProps): JSONSchemaProps[] {
  const { items, allOf, anyOf, oneOf, not, properties, additionalProperties } = schema;
  return [
    ...(items === undefined ? [] : Array.isArray(items) ? items : [items]),
    ...(allOf ?? []),
    ...(anyOf ?? []),
    ...(oneOf ?? []),
    ...(not === undefined ? [] : [not]),
    ...Object.values(properties ?? {}),
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
  ];
}
