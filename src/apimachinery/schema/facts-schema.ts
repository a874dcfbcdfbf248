import type { FieldFacts, GroupVersionFacts, TypeFacts } from "../facts.ts";
import type {
  AnySchema,
  FieldSchema,
  InlinedSchema,
  ListSchema,
  MapSchema,
  ObjectSchema,
  ScalarSchema,
  Schema,
} from "./contract.ts";

const scalarNames: ReadonlySet<string> = new Set<ScalarSchema["type"]>([
  ...(["string", "bool", "int32", "int64", "double", "bytes"] as const),
  ...(["Quantity", "IntOrString", "Time", "MicroTime", "Duration"] as const),
]);

const any: AnySchema = { type: "any", atomic: true };

/** Builds schemas from facts, each type once and only when it is asked for. */
export class FactsSchemas {
  readonly #factsOf: (folder: string) => GroupVersionFacts;
  readonly #built = new Map<string, Schema>();

  /** `factsOf` gives the facts of a folder as type references name it, such as `core/v1`. */
  constructor(factsOf: (folder: string) => GroupVersionFacts) {
    this.#factsOf = factsOf;
  }

  /** The schema of a struct. Throws where there is no such type. */
  object(folder: string, typeName: string): ObjectSchema {
    const schema = this.named(folder, typeName);
    if (schema.type !== "object") throw new Error(`${folder}.${typeName} is not a struct`);
    return schema;
  }

  named(folder: string, typeName: string): Schema {
    const key = `${folder}.${typeName}`;
    const built = this.#built.get(key);
    if (built !== undefined) return built;
    const schema = this.#build(folder, typeName);
    this.#built.set(key, schema);
    return schema;
  }

  /** The schema of a field of a type of `folder`. */
  ofField(folder: string, facts: FieldFacts): Schema {
    return this.#parse(folder, facts.type, facts);
  }

  #build(folder: string, typeName: string): Schema {
    const facts = this.#factsOf(folder);
    const type = facts.types[typeName];
    if (type === undefined) throw new Error(`no type ${folder}.${typeName}`);
    if (type.alias !== undefined) return { ...this.#list(folder, type.alias.slice(2), {}), message: true };
    const schema = this.#struct(folder, `${definitionPrefix(facts.package)}.${typeName}`, type);
    return type.union === undefined ? schema : { type: "any", union: { form: type.union, schema } };
  }

  #struct(folder: string, name: string, type: TypeFacts): ObjectSchema {
    const fields = new Map<string, FieldSchema>();
    const inlined: InlinedSchema[] = [];
    if (type.kind) for (const field of typeMeta) fields.set(field.name, field);
    for (const [fieldName, facts] of Object.entries(type.fields)) {
      if (!facts.inline) {
        fields.set(fieldName, new FactsField(fieldName, facts, this, folder));
        continue;
      }
      const schema = this.object(folder, facts.type);
      inlined.push({ tag: facts.tag ?? 0, schema });
      for (const inner of schema.fields.values()) {
        fields.set(inner.name, new FactsField(inner.name, inner.facts, this, folder, true));
      }
    }
    return {
      type: "object",
      name,
      fields,
      ...(inlined.length > 0 ? { inlined } : {}),
      ...(type.atomic ? { atomic: true } : {}),
    };
  }

  #parse(folder: string, text: string, facts: FieldFacts): Schema {
    if (text.startsWith("[]")) return this.#list(folder, text.slice(2), facts);
    if (text.startsWith("map[")) return this.#map(folder, text.slice(4, -1), facts);
    if (scalarNames.has(text)) return scalar(text as ScalarSchema["type"], facts.enum);
    if (text === "Any") return any;
    const dot = text.indexOf(".");
    const schema = dot < 0 ? this.named(folder, text) : this.named(text.slice(0, dot), text.slice(dot + 1));
    return facts.struct === undefined ? schema : withStruct(schema, facts.struct);
  }

  #list(folder: string, items: string, facts: Pick<FieldFacts, "list" | "keys" | "enum">): ListSchema {
    const schema = this.#parse(folder, items, { type: items, enum: facts.enum });
    return { type: "list", items: schema, list: facts.list ?? "atomic", keys: facts.keys ?? [] };
  }

  #map(folder: string, values: string, facts: FieldFacts): MapSchema {
    const schema = this.#parse(folder, values, { type: values, enum: facts.enum });
    return { type: "map", values: schema, map: facts.map ?? "granular" };
  }
}

/** A field whose schema is built when first read: kinds are used one by one, and types refer to each other. */
class FactsField implements FieldSchema {
  readonly name: string;
  readonly facts: FieldFacts;
  readonly inlined?: true;
  readonly #schemas: FactsSchemas;
  readonly #folder: string;
  #schema: Schema | undefined;

  constructor(name: string, facts: FieldFacts, schemas: FactsSchemas, folder: string, inlined = false) {
    this.name = name;
    this.facts = facts;
    this.#schemas = schemas;
    this.#folder = folder;
    if (inlined) this.inlined = true;
  }

  get schema(): Schema {
    this.#schema ??= this.#schemas.ofField(this.#folder, this.facts);
    return this.#schema;
  }
}

const typeMeta: readonly FieldSchema[] = ["kind", "apiVersion"].map((name) => ({
  name,
  schema: { type: "string" },
  facts: { type: "string", omitEmpty: true },
}));

function scalar(type: ScalarSchema["type"], values: readonly string[] | undefined): ScalarSchema {
  return values === undefined ? { type } : { type, enum: values };
}

function withStruct(schema: Schema, struct: "granular" | "atomic"): Schema {
  if (schema.type !== "object") return schema;
  const { atomic: _, ...rest } = schema;
  return struct === "atomic" ? { ...rest, atomic: true } : rest;
}

/** `k8s.io/api/core/v1` is `io.k8s.api.core.v1`: the host's labels turned round, then the path. */
export function definitionPrefix(goPackage: string): string {
  const [host = "", ...path] = goPackage.split("/");
  return [...host.split(".").reverse(), ...path].join(".");
}
