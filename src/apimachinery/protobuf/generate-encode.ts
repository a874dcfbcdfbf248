import type { CompiledType, JsonObject, TypeFamily } from "../schema/compiled-type.ts";
import type { FieldSchema, ListSchema, MapSchema, ScalarSchema, Schema } from "../schema/contract.ts";
import { member, SourceWriter } from "../schema/source-writer.ts";
import type { ReverseWriter } from "./reverse-writer.ts";
import { encodeUnion } from "./union.ts";
import { keyOf, wireBytes, wireFixed64, wireVarint } from "./wire.ts";

/** Writes the fields of an object, without key and length. */
export type EncodeFields = (object: JsonObject, writer: ReverseWriter) => void;
type EncodeValue = (key: number, value: never, writer: ReverseWriter) => void;

/** Makes the function that writes a struct's fields, in descending order because the writer goes backwards. */
export function generateEncode(type: CompiledType): EncodeFields {
  const writer = new SourceWriter();
  writer.line("let x, n;");
  const statements = new Map<number, string>();
  for (const field of type.schema.fields.values()) {
    const { tag } = field.facts;
    if (tag !== undefined && !field.inlined) statements.set(tag, fieldStatement(writer, field, tag, type.family));
  }
  for (const { tag, schema } of type.schema.inlined ?? []) {
    const inlined = writer.constant(type.family.type(schema));
    statements.set(tag, `n = w.written; ${inlined}.encode(o, w); w.endMessage(${keyOf(tag, wireBytes)}, n);`);
  }
  for (const tag of [...statements.keys()].sort((a, b) => b - a)) writer.line(statements.get(tag) ?? "");
  return writer.make("o, w") as EncodeFields;
}

function fieldStatement(writer: SourceWriter, field: FieldSchema, tag: number, family: TypeFamily): string {
  const { schema, facts } = field;
  const source = member("o", field.name);
  const zero = facts.pointer ? undefined : zeroOf(writer, schema);
  const key = keyOf(tag, wireTypeOf(schema));
  const write = writeStatement(writer, schema, key, family);
  if (zero === undefined) return `x = ${source}; if (x !== undefined && x !== null) { ${write} }`;
  return `x = ${source} ?? ${zero}; ${write}`;
}

/** What Go would write for a field that is no pointer and not set; undefined for what it leaves out when nil. */
function zeroOf(writer: SourceWriter, schema: Schema): string | undefined {
  switch (schema.type) {
    case "string":
    case "Duration":
      return '""';
    case "bool":
      return "false";
    case "int32":
    case "int64":
    case "double":
    case "IntOrString":
      return "0";
    case "Quantity":
      return '"0"';
    case "Time":
    case "MicroTime":
    case "any":
      return "null";
    case "object":
      return writer.constant(nothing);
    default:
      return undefined;
  }
}

const nothing: JsonObject = Object.freeze({});

function wireTypeOf(schema: Schema): number {
  if (schema.type === "list" && !schema.message) return wireTypeOf(schema.items);
  if (schema.type === "double") return wireFixed64;
  return schema.type === "bool" || schema.type === "int32" || schema.type === "int64" ? wireVarint : wireBytes;
}

/** Statements that write the value in `x`. */
function writeStatement(writer: SourceWriter, schema: Schema, key: number, family: TypeFamily): string {
  switch (schema.type) {
    case "string":
      return `w.string(${key}, x);`;
    case "bool":
      return `w.bool(${key}, x);`;
    case "int32":
    case "int64":
      return `w.int(${key}, x);`;
    case "object":
      return `n = w.written; ${writer.constant(family.type(schema))}.encode(x, w); w.endMessage(${key}, n);`;
    default:
      return `${writer.constant(valueEncoder(schema, family))}(${key}, x, w);`;
  }
}

const scalarEncoders: Readonly<Record<ScalarSchema["type"], EncodeValue>> = {
  string: (key, value, writer) => writer.string(key, value),
  bool: (key, value, writer) => writer.bool(key, value),
  int32: (key, value, writer) => writer.int(key, value),
  int64: (key, value, writer) => writer.int(key, value),
  double: (key, value, writer) => writer.double(key, value),
  bytes: (key, value, writer) => writer.bytes(key, value),
  Quantity: (key, value, writer) => writer.quantity(key, value),
  IntOrString: (key, value, writer) => writer.intOrString(key, value),
  Time: (key, value, writer) => writer.time(key, value),
  MicroTime: (key, value, writer) => writer.time(key, value),
  Duration: () => {
    throw new Error("no served kind has a duration: its protobuf form is not written");
  },
};

function valueEncoder(schema: Schema, family: TypeFamily): EncodeValue {
  switch (schema.type) {
    case "object": {
      const type = family.type(schema);
      return (key, value: JsonObject | null, writer) => {
        const before = writer.written;
        type.encode(value ?? nothing, writer);
        writer.endMessage(key, before);
      };
    }
    case "list":
      return listEncoder(schema, family);
    case "map":
      return mapEncoder(schema, family);
    case "any":
      if (schema.union !== undefined) return encodeUnion(schema.union, family);
      return (key, value, writer) => writer.json(key, value);
    default:
      return scalarEncoders[schema.type];
  }
}

function listEncoder(schema: ListSchema, family: TypeFamily): EncodeValue {
  const item = valueEncoder(schema.items, family);
  const each = (key: number, list: readonly never[], writer: ReverseWriter): void => {
    for (let index = list.length - 1; index >= 0; index--) item(key, list[index] as never, writer);
  };
  if (!schema.message) return each;
  return (key, list: readonly never[], writer) => {
    const before = writer.written;
    each(keyOf(1, wireTypeOf(schema.items)), list, writer);
    writer.endMessage(key, before);
  };
}

/** Entries by ascending key, as Go writes them. */
function mapEncoder(schema: MapSchema, family: TypeFamily): EncodeValue {
  const encodeValue = valueEncoder(schema.values, family);
  const valueKey = keyOf(2, wireTypeOf(schema.values));
  return (key, map: Readonly<Record<string, never>>, writer) => {
    const names = Object.keys(map).sort();
    for (let index = names.length - 1; index >= 0; index--) {
      const name = names[index] ?? "";
      const before = writer.written;
      encodeValue(valueKey, map[name] as never, writer);
      writer.string(keyOf(1, wireBytes), name);
      writer.endMessage(key, before);
    }
  };
}
