import type { FieldFacts, GroupVersionFacts, TypeFacts } from "../facts.ts";
import { definitionPrefix } from "../schema/facts-schema.ts";

/** A JSON object of an OpenAPI document. */
export type OpenApiObject = Readonly<Record<string, unknown>>;
/** The two forms that are served: Swagger 2.0 and OpenAPI 3.0. */
export type OpenApiVersion = 2 | 3;

const resource = "io.k8s.apimachinery.pkg.api.resource";
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const runtime = "io.k8s.apimachinery.pkg.runtime";
const intstr = "io.k8s.apimachinery.pkg.util.intstr";
const apiextensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";

/** Scalars that have definitions of their own. */
const scalarDefinitions: Readonly<Record<string, string>> = {
  Quantity: `${resource}.Quantity`,
  IntOrString: `${intstr}.IntOrString`,
  Time: `${meta}.Time`,
  MicroTime: `${meta}.MicroTime`,
  Duration: `${meta}.Duration`,
};

const plainScalars: Readonly<Record<string, OpenApiObject>> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
  bytes: { type: "string", format: "byte" },
};

const zeros: Readonly<Record<string, unknown>> = { string: "", bool: false, int32: 0, int64: 0, double: 0 };

/** Makes definitions from facts. Names are OpenAPI's: `io.k8s.api.core.v1.Pod`. */
export class Definitions {
  readonly #groupVersions: ReadonlyMap<string, GroupVersionFacts>;
  readonly #version: OpenApiVersion;
  readonly #folders = new Map<string, string>();
  readonly #made = new Map<string, OpenApiObject>();

  constructor(
    groupVersions: ReadonlyMap<string, GroupVersionFacts>,
    version: OpenApiVersion,
    given: ReadonlyMap<string, OpenApiObject> = new Map(),
  ) {
    this.#groupVersions = groupVersions;
    this.#version = version;
    for (const [name, definition] of given) this.#made.set(name, definition);
    for (const [folder, facts] of groupVersions) this.#folders.set(definitionPrefix(facts.package), folder);
  }

  /** `core/v1` and `Pod` make `io.k8s.api.core.v1.Pod`. */
  nameOf(folder: string, type: string): string {
    return `${definitionPrefix(this.#factsOf(folder).package)}.${type}`;
  }

  reference(name: string): OpenApiObject {
    return { $ref: `#/${this.#version === 2 ? "definitions" : "components/schemas"}/${name}` };
  }

  /** The definitions of these names and of all that they refer to, in alphabetical order. */
  closure(names: Iterable<string>): Record<string, OpenApiObject> {
    const found = new Set<string>();
    const waiting = [...names];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (found.has(name)) continue;
      found.add(name);
      collectReferences(this.definition(name), waiting);
    }
    return Object.fromEntries([...found].sort().map((name) => [name, this.definition(name)]));
  }

  definition(name: string): OpenApiObject {
    let made = this.#made.get(name);
    if (made === undefined) {
      made = this.#make(name);
      this.#made.set(name, made);
    }
    return made;
  }

  #make(name: string): OpenApiObject {
    const special = specialDefinition(name, this.#version);
    if (special !== undefined) return special;
    const dot = name.lastIndexOf(".");
    const folder = this.#folders.get(name.slice(0, dot));
    const typeName = name.slice(dot + 1);
    const type = folder === undefined ? undefined : this.#factsOf(folder).types[typeName];
    if (folder === undefined || type === undefined) throw new Error(`no definition of ${name}`);
    if (type.union !== undefined) return described(type.doc, {});
    return this.#struct(folder, typeName, type);
  }

  #struct(folder: string, name: string, type: TypeFacts): OpenApiObject {
    const properties: Record<string, OpenApiObject> = {};
    const required: string[] = [];
    if (type.kind) Object.assign(properties, typeMetaProperties);
    this.#addProperties(folder, type, properties, required);
    return {
      ...(type.doc === undefined ? {} : { description: type.doc }),
      type: "object",
      ...(required.length > 0 ? { required: required.sort() } : {}),
      ...(Object.keys(properties).length > 0 ? { properties: sorted(properties) } : {}),
      ...(type.kind ? { "x-kubernetes-group-version-kind": this.#kindsOf(folder, name) } : {}),
      ...(type.atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
    };
  }

  #addProperties(folder: string, type: TypeFacts, properties: Record<string, OpenApiObject>, required: string[]): void {
    for (const [name, field] of Object.entries(type.fields)) {
      const inlined = field.inline ? this.#factsOf(folder).types[field.type] : undefined;
      if (inlined !== undefined) {
        this.#addProperties(folder, inlined, properties, required);
        continue;
      }
      properties[name] = this.#property(folder, field);
      if (field.required) required.push(name);
    }
  }

  /** Kinds of meta/v1 are known in every group version. */
  #kindsOf(folder: string, name: string): OpenApiObject[] {
    const entry = ({ group, version }: GroupVersionFacts): OpenApiObject => ({ group, kind: name, version });
    if (folder !== "meta/v1") return [entry(this.#factsOf(folder))];
    if (name !== "DeleteOptions" && name !== "WatchEvent") return [{ group: "", kind: name, version: "v1" }];
    return [...this.#groupVersions].filter(([other]) => other !== "meta/v1").map(([, facts]) => entry(facts));
  }

  #property(folder: string, field: FieldFacts): OpenApiObject {
    const value = this.#typeSchema(folder, field.type, field);
    const extras = {
      ...(field.doc === undefined ? {} : { description: field.doc }),
      ...this.#defaultOf(folder, field),
      ...(field.list === undefined ? {} : { "x-kubernetes-list-type": field.list }),
      ...(field.keys === undefined ? {} : { "x-kubernetes-list-map-keys": field.keys }),
      ...mapType(field),
      ...(field.patch === undefined ? {} : { "x-kubernetes-patch-strategy": field.patch.join(",") }),
      ...(field.patchKey === undefined ? {} : { "x-kubernetes-patch-merge-key": field.patchKey }),
    };
    return this.#withReference(extras, value);
  }

  /** Swagger ignores what stands beside a reference; OpenAPI 3 has it wrapped. */
  #withReference(extras: OpenApiObject, value: OpenApiObject): OpenApiObject {
    if (!("$ref" in value) || this.#version === 2 || Object.keys(extras).length === 0) return { ...extras, ...value };
    return { ...extras, allOf: [value] };
  }

  #defaultOf(folder: string, field: FieldFacts): OpenApiObject {
    if (field.default !== undefined) return { default: field.default };
    if (field.pointer) return {};
    if (!field.omitEmpty && field.type in zeros) return { default: zeros[field.type] };
    return this.#isStruct(folder, field.type) && this.#version === 3 ? { default: {} } : {};
  }

  #isStruct(folder: string, type: string): boolean {
    const [home, name] = this.#resolve(folder, type);
    const facts = this.#groupVersions.get(home)?.types[name];
    return facts !== undefined && facts.alias === undefined && facts.union === undefined;
  }

  #typeSchema(folder: string, type: string, field: FieldFacts | undefined): OpenApiObject {
    const values = field?.enum === undefined ? {} : { enum: field.enum };
    if (type.startsWith("[]")) return { type: "array", items: this.#itemSchema(folder, type.slice(2), field) };
    if (type.startsWith("map[")) {
      return { type: "object", additionalProperties: this.#itemSchema(folder, type.slice(4, -1), field) };
    }
    const scalar = plainScalars[type];
    if (scalar !== undefined) return { ...scalar, ...values };
    const definition = scalarDefinitions[type];
    if (definition !== undefined) return this.reference(definition);
    if (type === "Any") return this.reference(rawName(folder, field));
    return this.#named(folder, type);
  }

  #itemSchema(folder: string, type: string, field: FieldFacts | undefined): OpenApiObject {
    const schema = this.#typeSchema(folder, type, field);
    if (this.#version === 2) return schema;
    if (type in zeros) return { default: zeros[type], ...schema };
    return this.#isStruct(folder, type) ? { default: {}, allOf: [schema] } : schema;
  }

  #named(folder: string, type: string): OpenApiObject {
    const [home, name] = this.#resolve(folder, type);
    const facts = this.#factsOf(home).types[name];
    return facts?.alias === undefined
      ? this.reference(this.nameOf(home, name))
      : this.#typeSchema(home, facts.alias, undefined);
  }

  #resolve(folder: string, type: string): readonly [folder: string, name: string] {
    const dot = type.indexOf(".");
    return dot < 0 ? [folder, type] : [type.slice(0, dot), type.slice(dot + 1)];
  }

  #factsOf(folder: string): GroupVersionFacts {
    const facts = this.#groupVersions.get(folder);
    if (facts === undefined) throw new Error(`no group version ${folder}`);
    return facts;
  }
}

const typeMetaProperties: Readonly<Record<string, OpenApiObject>> = {
  apiVersion: {
    description:
      "The group and version in which this object is written, such as apps/v1. The server converts from and to other versions it knows.",
    type: "string",
  },
  kind: {
    description:
      "What sort of object this is, in CamelCase. The server infers it from the address a request is sent to. It never changes.",
    type: "string",
  },
};

function rawName(folder: string, field: FieldFacts | undefined): string {
  if (folder === "apiextensions/v1") return `${apiextensions}.JSON`;
  return field !== undefined && folder === "meta/v1" && field.pointer ? `${meta}.FieldsV1` : `${runtime}.RawExtension`;
}

/** Definitions of types that have a JSON form of their own. */
function specialDefinition(name: string, version: OpenApiVersion): OpenApiObject | undefined {
  const both = (description: string, two: OpenApiObject, three: OpenApiObject = two): OpenApiObject =>
    described(description, version === 2 ? two : three);
  switch (name) {
    case `${resource}.Quantity`:
      return both(
        "An exact amount, such as 500m, 1.5 or 128Mi: a decimal number with an optional suffix, either a power of ten (n u m k M G T P E) or of 1024 (Ki Mi Gi Ti Pi Ei).",
        { type: "string" },
        { oneOf: [{ type: "string" }, { type: "number" }] },
      );
    case `${intstr}.IntOrString`:
      return both(
        "Either a number or a string, such as a port's number or name, or a percentage.",
        { type: "string", format: "int-or-string" },
        { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
      );
    case `${meta}.Time`:
      return both("A moment, in RFC 3339 with whole seconds.", { type: "string", format: "date-time" });
    case `${meta}.MicroTime`:
      return both("A moment, in RFC 3339 with microseconds.", { type: "string", format: "date-time" });
    case `${meta}.Duration`:
      return both("A length of time, such as 1m30s.", { type: "string" });
    case `${meta}.FieldsV1`:
      return both("A set of fields, as a tree of their names.", { type: "object" });
    case `${meta}.Patch`:
      return both("A change to an object, in the form that the content type says.", { type: "object" });
    case `${runtime}.RawExtension`:
      return both("An object of any kind.", { type: "object" });
    case `${apiextensions}.JSON`:
      return both("Any JSON value.", {});
    case "io.k8s.apimachinery.pkg.version.Info":
      return versionInfo;
    default:
      return undefined;
  }
}

const versionFields = [
  ...["major", "minor", "gitVersion", "gitCommit", "gitTreeState"],
  ...["buildDate", "goVersion", "compiler", "platform"],
];

const versionInfo: OpenApiObject = {
  description: "What the server says of its own version and build.",
  type: "object",
  required: [...versionFields].sort(),
  properties: Object.fromEntries([...versionFields].sort().map((name) => [name, { type: "string", default: "" }])),
};

function mapType(field: FieldFacts): OpenApiObject {
  const type = field.map ?? field.struct;
  return type === undefined ? {} : { "x-kubernetes-map-type": type };
}

function described(description: string | undefined, schema: OpenApiObject): OpenApiObject {
  return description === undefined ? schema : { description, ...schema };
}

function sorted(properties: Readonly<Record<string, OpenApiObject>>): OpenApiObject {
  return Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names of the definitions that `value` refers to. */
export function collectReferences(value: unknown, into: string[]): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === "$ref" && typeof item === "string") into.push(item.slice(item.lastIndexOf("/") + 1));
    else collectReferences(item, into);
  }
}
