import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  escapeIdentifier,
  intType,
  listOf,
  mapOf,
  type ObjectField,
  stringType,
  timestampType,
} from "../../apimachinery/index.ts";

/** What is read of a schema in an OpenAPI 3 document. */
export interface OpenApiSchema {
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly type?: string;
  readonly format?: string;
  readonly items?: OpenApiSchema;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-group-version-kind"?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
}

export type OpenApiSchemas = Readonly<Record<string, OpenApiSchema>>;

const refPrefix = "#/components/schemas/";
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const formats: Readonly<Record<string, CelType>> = {
  byte: bytesType,
  date: timestampType,
  "date-time": timestampType,
  duration: durationType,
};

/** The types of a document's schemas as expressions see them. Upstream: `SchemaDeclType`. */
export class SchemaTypes {
  readonly #schemas: OpenApiSchemas;
  /** By name; also those still being made, since types may contain themselves. */
  readonly #named = new Map<string, CelType | undefined>();

  constructor(schemas: OpenApiSchemas) {
    this.#schemas = schemas;
  }

  /** Undefined: nothing is known of its shape, and expressions cannot speak of it. */
  of(schema: OpenApiSchema, name: string, isRoot = false): CelType | undefined {
    const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
    if (reference !== undefined) return this.#referred(reference.slice(refPrefix.length));
    if (schema["x-kubernetes-int-or-string"] === true || schema.format === "int-or-string") return dynType;
    switch (schema.type) {
      case "array":
        return this.#list(schema, name);
      case "object":
        return this.#object(schema, name, isRoot || schema["x-kubernetes-embedded-resource"] === true);
      case "string":
        return formats[schema.format ?? ""] ?? stringType;
      case "boolean":
        return boolType;
      case "integer":
        return intType;
      case "number":
        return doubleType;
      default:
        return undefined;
    }
  }

  #referred(name: string): CelType | undefined {
    // Written as a text or a number, but always kept as a text.
    if (name === quantity) return stringType;
    if (this.#named.has(name)) return this.#named.get(name);
    const schema = this.#schemas[name];
    if (schema === undefined) return undefined;
    if (schema.type !== "object" || schema.properties === undefined) {
      const type = this.of(schema, name);
      this.#named.set(name, type);
      return type;
    }
    const fields = new Map<string, ObjectField>();
    const type: CelType = { kind: "object", name, fields };
    this.#named.set(name, type);
    this.#fill(fields, schema, name);
    return type;
  }

  #list({ items }: OpenApiSchema, name: string): CelType | undefined {
    const element = items === undefined ? undefined : this.of(items, `${name}.@idx`);
    return element === undefined ? undefined : listOf(element);
  }

  #object(schema: OpenApiSchema, name: string, isRoot: boolean): CelType | undefined {
    const { additionalProperties } = schema;
    if (typeof additionalProperties === "object" && !isRoot) {
      const value = this.of(additionalProperties, `${name}.@elem`);
      return value === undefined ? undefined : mapOf(stringType, value);
    }
    const fields = new Map<string, ObjectField>();
    this.#fill(fields, schema, name);
    if (isRoot) addResourceFields(fields, name);
    return { kind: "object", name, fields };
  }

  #fill(fields: Map<string, ObjectField>, { properties = {} }: OpenApiSchema, name: string): void {
    for (const [property, schema] of Object.entries(properties)) {
      const type = this.of(schema, `${name}.${property}`);
      const own = escapeIdentifier(property);
      if (type !== undefined && own !== undefined) fields.set(own, { name: property, type });
    }
  }
}

/** Every object has these, whatever its schema says of them. */
function addResourceFields(fields: Map<string, ObjectField>, name: string): void {
  const text = (field: string): [string, ObjectField] => [field, { name: field, type: stringType }];
  for (const field of ["apiVersion", "kind"]) if (!fields.has(field)) fields.set(...text(field));
  const known = fields.get("metadata")?.type;
  if (known?.kind === "object" && known.fields?.has("name") === true) return;
  const own = new Map([text("name"), text("generateName")]);
  fields.set("metadata", { name: "metadata", type: { kind: "object", name: `${name}.metadata`, fields: own } });
}
