import type { FieldSchema, ScalarSchema, Schema } from "./contract.ts";
import type { CompiledType, JsonObject, TypeFamily } from "./compiled-type.ts";
import { refuse } from "./misfit.ts";
import { member, readMember, SourceWriter } from "./source-writer.ts";
import { canonicalMicroTime, canonicalTime } from "./timestamps.ts";
import * as values from "./values.ts";
import { walkState } from "./walk-state.ts";

type Walk = (value: unknown) => JsonObject;

/**
 * Makes the function that copies a JSON object into the shape that decoding gives and encoding wants: fields in the
 * schema's order, zeros kept or left out as Go does, quantities and times in canonical form.
 */
export function generateWalk(type: CompiledType): Walk {
  const writer = new SourceWriter();
  const state = writer.constant(walkState);
  const refused = writer.constant(refuse);
  writer.line(`if (typeof v !== "object" || v === null || Array.isArray(v)) ${refused}();`);
  writer.line("const o = {}; let n = 0, x;");
  for (const field of type.schema.fields.values()) writeField(writer, field, type);
  writer.line("let m = 0; for (const k in v) m++;");
  const known = writer.constant(new Set(type.schema.fields.keys()));
  if (type.schema.preserveUnknown) {
    writer.line(`if (m !== n) ${writer.constant(keepUnknown)}(v, o, ${known});`);
  } else {
    writer.line(`if (m !== n) ${state}.unknown += ${writer.constant(unknownFields)}(v, ${known});`);
  }
  writer.line(`${state}.keys += m; return o;`);
  return writer.make("v") as Walk;
}

function writeField(writer: SourceWriter, field: FieldSchema, type: CompiledType): void {
  const { facts, schema } = field;
  const { family } = type;
  const target = member("o", field.name);
  const absent = absentStatement(writer, field, target, family);
  writer.line(`x = ${readMember("v", field.name)};`);
  writer.line("if (x !== undefined) n++;");
  const isNil = schema.type === "list" && !facts.omitEmpty ? ` && x !== ${writer.constant(values.nilList)}` : "";
  writer.line(`if (x !== undefined && x !== null${isNil}) {`);
  writer.line(convertStatement(writer, schema, family));
  if (isNil !== "" && !facts.pointer && type.isStoredAsProtobuf) {
    // What upstream stores tells no empty list from none.
    writer.line(`if (${writer.constant(walkState)}.nulls && x.length === 0) x = null;`);
  }
  const drop = facts.omitEmpty && !facts.pointer ? filledTest(writer, schema) : undefined;
  writer.line(drop === undefined ? `${target} = x;` : `if (${drop}) ${target} = x;`);
  writer.line(absent === "" ? "}" : `} else ${absent}`);
}

/** Statements that leave the converted value in `x`. */
function convertStatement(writer: SourceWriter, schema: Schema, family: TypeFamily): string {
  const refused = writer.constant(refuse);
  if (schema.type === "string") return `if (typeof x !== "string") ${refused}();`;
  if (schema.type === "bool") return `if (typeof x !== "boolean") ${refused}();`;
  if (schema.type === "int32") return `if (typeof x !== "number" || (x | 0) !== x) ${refused}();`;
  if (schema.type === "object") return `x = ${writer.constant(family.type(schema))}.walk(x);`;
  if (schema.type === "list" && schema.items.type === "object") {
    const item = writer.constant(family.type(schema.items));
    return [
      `if (!Array.isArray(x)) ${refused}();`,
      `const l = new Array(x.length); for (let i = 0; i < l.length; i++) l[i] = ${item}.walk(x[i]); x = l;`,
    ].join("\n");
  }
  return `x = ${writer.constant(converter(schema, family))}(x);`;
}

const scalarConverters: Readonly<Record<ScalarSchema["type"], (value: unknown) => unknown>> = {
  string: values.stringValue,
  bool: values.boolValue,
  int32: values.int32Value,
  int64: values.int64Value,
  double: values.doubleValue,
  bytes: values.bytesValue,
  Quantity: values.quantityValue,
  IntOrString: values.intOrStringValue,
  Time: (value) => (value === null ? null : canonicalTime(value)),
  MicroTime: (value) => (value === null ? null : canonicalMicroTime(value)),
  Duration: values.stringValue,
};

function converter(schema: Schema, family: TypeFamily): (value: unknown) => unknown {
  switch (schema.type) {
    case "object": {
      const type = family.type(schema);
      return (value) => type.walk(value);
    }
    case "list":
      return schema.items.type === "string" ? values.listOfStrings : values.listOf(converter(schema.items, family));
    case "map":
      return schema.values.type === "string" ? values.mapOfStrings : values.mapOf(converter(schema.values, family));
    case "any":
      return schema.union === undefined ? values.anyValue : unionConverter(schema.union, family);
    default:
      return scalarConverters[schema.type];
  }
}

type Union = NonNullable<Extract<Schema, { type: "any" }>["union"]>;

/** Objects are held to the schema; the simpler alternative to its own type. */
function unionConverter(union: Union, family: TypeFamily): (value: unknown) => unknown {
  const schema = union.schema.fields.get("schema")?.schema;
  if (schema?.type !== "object") throw new Error(`${union.schema.name}: no schema to choose`);
  const type = family.type(schema);
  const list = union.form === "schemaOrStrings" ? values.listOfStrings : values.listOf((item) => type.walk(item));
  return (value) => {
    if (union.form === "schemaOrBool" && typeof value === "boolean") return value;
    if (union.form === "schemaOrStrings" && value === null) return null;
    if (union.form !== "schemaOrBool" && Array.isArray(value)) return list(value);
    return type.walk(value);
  };
}

/** The condition under which a value of this type is kept: it is not Go's empty one, or is still to be looked at. */
function filledTest(writer: SourceWriter, schema: Schema): string | undefined {
  switch (schema.type) {
    case "string":
    case "bytes":
    case "Duration":
      return 'x !== ""';
    case "bool":
      return "x";
    case "int32":
    case "int64":
    case "double":
      return "x !== 0";
    case "list":
      return `x.length !== 0 || ${writer.constant(keepsEmpty)}()`;
    case "map":
      return `${writer.constant(hasKeys)}(x) || ${writer.constant(keepsEmpty)}()`;
    default:
      return undefined;
  }
}

/** What becomes of a field that is absent or null. */
function absentStatement(writer: SourceWriter, field: FieldSchema, target: string, family: TypeFamily): string {
  const { facts, schema } = field;
  const asNull = `if (${writer.constant(walkState)}.nulls) ${target} = null;`;
  if (facts.pointer) return facts.omitEmpty ? "" : asNull;
  switch (schema.type) {
    case "object":
      return `${target} = ${writer.constant(family.type(schema))}.walk(${writer.constant(nothing)});`;
    case "Quantity":
      return `${target} = "0";`;
    case "IntOrString":
      return `${target} = 0;`;
    case "Time":
    case "MicroTime":
      return facts.omitZero ? "" : asNull;
    case "any":
      return asNull;
    case "list":
      if (facts.omitEmpty) return "";
      return `${target} = ${writer.constant(walkState)}.nulls ? null : ${writer.constant(values.nilList)};`;
    default:
      if (facts.omitEmpty) return "";
      return schema.type in zeros ? `${target} = ${zeros[schema.type]};` : asNull;
  }
}

/** Source of the zeros that are written where nothing else is. */
const zeros: Readonly<Partial<Record<Schema["type"], string>>> = {
  ...{ string: '""', Duration: '""', bool: "false" },
  ...{ int32: "0", int64: "0", double: "0" },
};

/** Encoding leaves empty lists and maps out; decoding tells them from those that are not there. */
function keepsEmpty(): boolean {
  if (walkState.nulls) return false;
  walkState.empties = true;
  return true;
}

function hasKeys(value: JsonObject): boolean {
  for (const _ in value) return true;
  return false;
}

const nothing: JsonObject = Object.freeze({});

function unknownFields(value: JsonObject, known: ReadonlySet<string>): number {
  let unknown = 0;
  for (const key in value) if (!known.has(key) && value[key] !== undefined) unknown++;
  return unknown;
}

function keepUnknown(value: JsonObject, target: JsonObject, known: ReadonlySet<string>): void {
  for (const key of Object.keys(value)) if (!known.has(key)) values.setKey(target, key, values.anyValue(value[key]));
}
