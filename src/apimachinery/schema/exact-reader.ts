import { messageOf } from "../../base/index.ts";
import { canonicalQuantity } from "../quantity/cache.ts";
import { readBase64 } from "./base64.ts";
import type { FieldSchema, ObjectSchema, ScalarSchema, Schema } from "./contract.ts";
import { timeParseError } from "./go-time-error.ts";
import { goItemType, goStructName, goTypeOf, goTypeOfField } from "./go-types.ts";
import { int64Of } from "./exact-json.ts";
import { type JsonKind, JsonTokens } from "./json-tokens.ts";
import { canonicalMicroTime, canonicalTime } from "./timestamps.ts";
import { setKey } from "./values.ts";

/** As many as upstream's strict decoder remembers. */
const maxProblems = 100;

export interface ExactResult {
  /** Fit for the compiled walk: nulls, unknown fields and duplicates are gone. */
  readonly value: unknown;
  /** Of unknown and duplicate fields, in the order of the text. */
  readonly problems: readonly string[];
  /** The first value of a wrong type, as Go words it. */
  readonly error: string | undefined;
}

/** Reads valid JSON text against a schema, slowly and with every word of upstream's decoder. */
export function readExactly(text: string, schema: ObjectSchema): ExactResult {
  const reader = new ExactReader(text);
  const value = reader.read(schema, goTypeOf(schema), { path: "", struct: undefined, fields: [] });
  return { value: value ?? {}, problems: reader.problems, error: reader.error };
}

/** Where a value stands: `path` for strict errors, `struct` and `fields` for type errors. */
interface Place {
  readonly path: string;
  readonly struct: string | undefined;
  readonly fields: readonly string[];
}

class ExactReader {
  readonly #tokens: JsonTokens;
  readonly #problems = new Set<string>();
  /** Within a value that upstream's own unmarshaler reads, leniently. */
  #lenient = false;
  /** The first value of a wrong type, after which Go reads on. */
  #mismatched: string | undefined;
  /** What a type's own unmarshaler said first: there Go stops, and has forgotten the other. */
  #refused: string | undefined;

  constructor(text: string) {
    this.#tokens = new JsonTokens(text);
  }

  get error(): string | undefined {
    return this.#refused ?? this.#mismatched;
  }

  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /**
   * Undefined for null and for what does not fit, which leaves Go's zero value. `before` is what an earlier field of the
   * same name left: Go reads structs and maps into what is there.
   */
  read(schema: Schema, goType: string, place: Place, before?: unknown): unknown {
    const kind = this.#tokens.kind();
    if (kind === "null" && schema.type !== "any") {
      this.#tokens.skip();
      return undefined;
    }
    switch (schema.type) {
      case "object":
        return kind === "object" ? this.#object(schema, place, before) : this.#mismatch(kind, goType, place);
      case "list":
        return kind === "array" ? this.#list(schema.items, goType, place) : this.#mismatch(kind, goType, place);
      case "map":
        return kind === "object"
          ? this.#map(schema.values, goType, place, before)
          : this.#mismatch(kind, goType, place);
      case "any":
        return schema.union === undefined ? this.#tokens.parsed() : this.#union(schema.union, kind, place);
      default:
        return this.#scalar(schema, kind, goType, place);
    }
  }

  #object(schema: ObjectSchema, place: Place, before: unknown): unknown {
    const object = (before ?? {}) as Record<string, unknown>;
    const seen = new Set<string>();
    const struct = goStructName(schema);
    this.#tokens.eachMember((key) => {
      const field = schema.fields.get(key);
      const path = place.path === "" ? key : `${place.path}.${key}`;
      if (field === undefined) {
        if (schema.preserveUnknown) setKey(object, key, this.#tokens.parsed());
        else {
          this.#report(`unknown field ${JSON.stringify(path)}`);
          this.#tokens.skip();
        }
        return;
      }
      if (seen.has(key)) this.#report(`duplicate field ${JSON.stringify(path)}`);
      seen.add(key);
      const through = field.inlined === true ? inlinedAbove(schema, key) : [];
      this.#field(object, field, { path, struct, fields: [...place.fields, ...through, key] });
    });
    return object;
  }

  #field(object: Record<string, unknown>, field: FieldSchema, place: Place): void {
    const before = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
    const value = this.read(field.schema, goTypeOfField(field), place, before);
    if (value !== undefined && (value !== null || !field.facts.pointer)) object[field.name] = value;
    else if (field.facts.pointer || field.schema.type === "list" || field.schema.type === "map")
      delete object[field.name];
  }

  #list(items: Schema, goType: string, place: Place): unknown {
    const list: unknown[] = [];
    const itemType = goItemType(goType, items);
    this.#tokens.eachItem((index) => {
      const value = this.read(items, itemType, { ...place, path: `${place.path}[${index}]` });
      list.push(value === undefined ? zeroOf(items) : value);
    });
    return list;
  }

  #map(values: Schema, goType: string, place: Place, before: unknown): unknown {
    const map = (before ?? {}) as Record<string, unknown>;
    const seen = new Set<string>();
    const valueType = goItemType(goType, values);
    this.#tokens.eachMember((key) => {
      const path = place.path === "" ? key : `${place.path}.${key}`;
      if (seen.has(key)) this.#report(`duplicate field ${JSON.stringify(path)}`);
      seen.add(key);
      const value = this.read(values, valueType, { ...place, path });
      setKey(map, key, value === undefined ? zeroOf(values) : value);
    });
    return map;
  }

  #union(union: NonNullable<Extract<Schema, { type: "any" }>["union"]>, kind: JsonKind, place: Place): unknown {
    const schema = union.schema.fields.get("schema")?.schema;
    if (kind === "null" || schema === undefined) {
      this.#tokens.skip();
      return undefined;
    }
    if (union.form === "schemaOrBool" && kind === "bool") return this.#tokens.parsed();
    if (union.form !== "schemaOrBool" && kind === "array") {
      const items: Schema = union.form === "schemaOrStrings" ? { type: "string" } : schema;
      return this.#within(() => this.#list(items, `[]${goTypeOf(items)}`, place));
    }
    if (kind === "object") return this.#within(() => this.read(schema, goTypeOf(schema), place));
    this.#tokens.skip();
    // Upstream reads what is neither a list nor a schema as neither.
    return union.form === "schemaOrBool" ? this.#refuse("boolean or JSON schema expected") : undefined;
  }

  /** What a type's own unmarshaler reads with another decoder: without strictness, and refused at the first misfit. */
  #within(read: () => unknown): unknown {
    const [lenient, mismatched] = [this.#lenient, this.#mismatched];
    this.#lenient = true;
    this.#mismatched = undefined;
    const value = read();
    if (this.#mismatched !== undefined) this.#refuse(this.#mismatched);
    this.#lenient = lenient;
    this.#mismatched = mismatched;
    return value;
  }

  #scalar(schema: ScalarSchema, kind: JsonKind, goType: string, place: Place): unknown {
    switch (schema.type) {
      case "string":
        return kind === "string" ? this.#tokens.parsed() : this.#mismatch(kind, goType, place);
      case "bool":
        return kind === "bool" ? this.#tokens.parsed() : this.#mismatch(kind, goType, place);
      case "double":
        return kind === "number" ? this.#tokens.parsed() : this.#mismatch(kind, goType, place);
      case "int32":
      case "int64":
        return kind === "number" ? this.#integer(schema.type, goType, place) : this.#mismatch(kind, goType, place);
      case "bytes":
        return kind === "string" ? this.#bytes() : this.#mismatch(kind, goType, place);
      case "Quantity":
        return this.#quantity();
      case "IntOrString":
        return this.#intOrString(kind, place);
      default:
        return this.#time(schema.type, kind, place);
    }
  }

  #integer(type: "int32" | "int64", goType: string, place: Place): unknown {
    const literal = this.#tokens.raw();
    if (isGoInteger(literal, type)) return int64Of(BigInt(literal));
    return this.#typeError(`number ${literal}`, goType, place);
  }

  #bytes(): unknown {
    const result = readBase64(this.#tokens.parsed() as string);
    if ("value" in result) return result.value;
    this.#mismatched ??= result.error;
    return undefined;
  }

  #quantity(): unknown {
    const raw = this.#tokens.raw();
    try {
      return canonicalQuantity((raw.startsWith('"') ? raw.slice(1, -1) : raw).trim());
    } catch (error) {
      return this.#refuse(messageOf(error));
    }
  }

  #intOrString(kind: JsonKind, place: Place): unknown {
    if (kind === "string") return this.#tokens.parsed();
    const raw = this.#tokens.raw();
    if (kind === "number" && isGoInteger(raw, "int32")) return Number(raw);
    return this.#refuse(misfitAt(kind === "number" ? `number ${raw}` : kind, "int32", place));
  }

  #time(type: ScalarSchema["type"], kind: JsonKind, place: Place): unknown {
    if (kind !== "string") {
      this.#tokens.skip();
      return this.#refuse(misfitAt(kind, "string", place));
    }
    const text = this.#tokens.parsed() as string;
    if (type === "Duration") return text;
    try {
      return type === "MicroTime" ? canonicalMicroTime(text) : canonicalTime(text);
    } catch {
      return this.#refuse(timeParseError(text, type === "MicroTime"));
    }
  }

  #mismatch(kind: JsonKind, goType: string, place: Place): undefined {
    this.#tokens.skip();
    return this.#typeError(kind, goType, place);
  }

  #typeError(what: string, goType: string, place: Place): undefined {
    this.#mismatched ??= misfitAt(what, goType, place);
    return undefined;
  }

  #refuse(message: string): undefined {
    this.#refused ??= message;
    return undefined;
  }

  #report(problem: string): void {
    if (!this.#lenient && this.#problems.size < maxProblems) this.#problems.add(problem);
  }
}

function misfitAt(what: string, goType: string, { struct, fields }: Place): string {
  const where = struct === undefined ? "value" : `struct field ${struct}.${fields.join(".")}`;
  return `json: cannot unmarshal ${what} into Go ${where} of type ${goType}`;
}

/** The names of the structs by which a field came into another, which Go says among the fields. */
function inlinedAbove({ inlined = [] }: ObjectSchema, key: string): readonly string[] {
  const within = inlined.find(({ schema }) => schema.fields.has(key))?.schema;
  const name = within === undefined ? undefined : goStructName(within);
  return within === undefined || name === undefined ? [] : [name, ...inlinedAbove(within, key)];
}

const int32Limit = 2n ** 31n;
const int64Limit = 2n ** 63n;

function isGoInteger(literal: string, type: "int32" | "int64"): boolean {
  if (!/^-?\d+$/.test(literal)) return false;
  const limit = type === "int32" ? int32Limit : int64Limit;
  const value = BigInt(literal);
  return value >= -limit && value < limit;
}

/** What null leaves in a list or map. */
function zeroOf(schema: Schema): unknown {
  const zeros: Readonly<Record<string, unknown>> = {
    ...{ object: {}, list: [], map: {}, any: null, bool: false, Quantity: "0" },
    ...{ int32: 0, int64: 0, double: 0, IntOrString: 0, Time: null, MicroTime: null },
  };
  return Object.hasOwn(zeros, schema.type) ? zeros[schema.type] : "";
}
