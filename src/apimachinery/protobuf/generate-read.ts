import type { CompiledType, JsonObject, TypeFamily } from "../schema/compiled-type.ts";
import { DecodeError, type ListSchema, type MapSchema, type ScalarSchema, type Schema } from "../schema/contract.ts";
import { parseJson } from "../schema/exact-json.ts";
import { member, SourceWriter } from "../schema/source-writer.ts";
import { setKey } from "../schema/values.ts";
import type { ProtobufReader } from "./reader.ts";
import { readUnion } from "./union.ts";
import { keyOf, wireBytes, wireFixed64, wireVarint } from "./wire.ts";

/** Reads fields up to `end` into `object`, in the order of the bytes and with zeros as they come. */
export type ReadFields = (reader: ProtobufReader, end: number, object: JsonObject) => void;
type ReadValue = (reader: ProtobufReader, limit: number) => unknown;

export function generateRead(type: CompiledType): ReadFields {
  const writer = new SourceWriter();
  writer.line("let n; while (r.at < e) { const k = r.varint(); switch (k) {");
  for (const field of type.schema.fields.values()) {
    const { tag } = field.facts;
    if (tag === undefined || field.inlined) continue;
    writeField(writer, member("o", field.name), field.schema, tag, type.family);
  }
  for (const { tag, schema } of type.schema.inlined ?? []) {
    const inlined = writer.constant(type.family.type(schema));
    writer.line(`case ${keyOf(tag, wireBytes)}: n = r.end(e); ${inlined}.read(r, n, o); break;`);
  }
  writer.line(`default: r.skip(k, e); } } if (r.at !== e) ${writer.constant(overrun)}();`);
  return writer.make("r, e, o") as ReadFields;
}

function overrun(): never {
  throw new DecodeError("unexpected EOF");
}

function writeField(writer: SourceWriter, target: string, schema: Schema, tag: number, family: TypeFamily): void {
  if (schema.type === "list" && !schema.message) {
    writeList(writer, target, schema, tag, family);
    return;
  }
  if (schema.type === "map") {
    const entry = writer.constant(entryReader(schema, family));
    writer.line(`case ${keyOf(tag, wireBytes)}: ${entry}(r, e, ${target} ??= {}); break;`);
    return;
  }
  const key = keyOf(tag, wireTypeOf(schema));
  if (schema.type === "string") writer.line(`case ${key}: ${target} = r.string(e); break;`);
  else if (schema.type === "object") {
    const read = `${writer.constant(family.type(schema))}.read(r, n, ${target} ??= {})`;
    writer.line(`case ${key}: n = r.end(e); ${read}; break;`);
  } else writer.line(`case ${key}: ${target} = ${writer.constant(valueReader(schema, family))}(r, e); break;`);
}

/** Numbers also come packed, which upstream's reader accepts though its writer never does it. */
function writeList(writer: SourceWriter, target: string, schema: ListSchema, tag: number, family: TypeFamily): void {
  const wire = wireTypeOf(schema.items);
  const item = writer.constant(valueReader(schema.items, family));
  writer.line(`case ${keyOf(tag, wire)}: (${target} ??= []).push(${item}(r, e)); break;`);
  if (wire === wireBytes) return;
  writer.line(`case ${keyOf(tag, wireBytes)}: n = r.end(e);`);
  writer.line(`while (r.at < n) (${target} ??= []).push(${item}(r, n)); break;`);
}

function wireTypeOf(schema: Schema): number {
  if (schema.type === "double") return wireFixed64;
  return schema.type === "bool" || schema.type === "int32" || schema.type === "int64" ? wireVarint : wireBytes;
}

const scalarReaders: Readonly<Record<ScalarSchema["type"], ReadValue>> = {
  string: (reader, limit) => reader.string(limit),
  bool: (reader) => reader.bool(),
  int32: (reader) => reader.int32(),
  int64: (reader) => reader.int(),
  double: (reader) => reader.double(),
  bytes: (reader, limit) => reader.base64(limit),
  Quantity: readQuantity,
  IntOrString: readIntOrString,
  Time: (reader, limit) => readTime(reader, limit, false),
  MicroTime: (reader, limit) => readTime(reader, limit, true),
  Duration: () => {
    throw new DecodeError("no served kind has a duration: its protobuf form is not read");
  },
};

function valueReader(schema: Schema, family: TypeFamily): ReadValue {
  switch (schema.type) {
    case "object": {
      const type = family.type(schema);
      return (reader, limit) => {
        const object: JsonObject = {};
        type.read(reader, reader.end(limit), object);
        return object;
      };
    }
    case "list":
      return messageListReader(schema, family);
    case "map":
      throw new Error("protobuf has no maps within lists or maps");
    case "any":
      return schema.union === undefined ? readJson : readUnion(schema.union, family);
    default:
      return scalarReaders[schema.type];
  }
}

function messageListReader(schema: ListSchema, family: TypeFamily): ReadValue {
  const item = valueReader(schema.items, family);
  return (reader, limit) => {
    const list: unknown[] = [];
    eachField(reader, limit, (tag, end) => {
      if (tag !== 1) return false;
      list.push(item(reader, end));
      return true;
    });
    return list;
  };
}

function entryReader(
  schema: MapSchema,
  family: TypeFamily,
): (reader: ProtobufReader, limit: number, map: JsonObject) => void {
  const readValue = valueReader(schema.values, family);
  return (reader, limit, map) => {
    let name = "";
    let value: unknown = zeroOf(schema.values);
    eachField(reader, limit, (tag, end) => {
      if (tag === 1) name = reader.string(end);
      else if (tag === 2) value = readValue(reader, end);
      else return false;
      return true;
    });
    setKey(map, name, value);
  };
}

/** `read` says whether it knew the field; the others are passed over. */
function eachField(reader: ProtobufReader, limit: number, read: (tag: number, end: number) => boolean): void {
  const end = reader.end(limit);
  while (reader.at < end) {
    const key = reader.varint();
    if (!read(Math.floor(key / 8), end)) reader.skip(key, end);
  }
  if (reader.at !== end) overrun();
}

function zeroOf(schema: Schema): unknown {
  if (schema.type === "object") return {};
  if (schema.type === "list") return [];
  if (schema.type === "Quantity") return "0";
  return schema.type === "string" || schema.type === "bytes" ? "" : null;
}

function readQuantity(reader: ProtobufReader, limit: number): string {
  let text = "0";
  eachField(reader, limit, (tag, end) => {
    if (tag !== 1) return false;
    text = reader.string(end);
    return true;
  });
  return text;
}

function readIntOrString(reader: ProtobufReader, limit: number): number | string {
  let [type, number, text] = [0, 0, ""];
  eachField(reader, limit, (tag, end) => {
    if (tag === 1) type = reader.int32();
    else if (tag === 2) number = reader.int32();
    else if (tag === 3) text = reader.string(end);
    else return false;
    return true;
  });
  return type === 1 ? text : number;
}

/** Null for the empty message, which is Go's zero time. */
function readTime(reader: ProtobufReader, limit: number, micro: boolean): string | null {
  let [seconds, nanos] = [0, 0];
  const before = reader.at;
  eachField(reader, limit, (tag) => {
    if (tag === 1) seconds = Number(reader.int());
    else if (tag === 2) nanos = reader.int32();
    else return false;
    return true;
  });
  if (reader.at === before + 1) return null;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new DecodeError(`time ${seconds} is out of range`);
  const text = date.toISOString().slice(0, 19);
  return micro ? `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${text}Z`;
}

function readJson(reader: ProtobufReader, limit: number): unknown {
  let value: unknown = null;
  eachField(reader, limit, (tag, end) => {
    if (tag !== 1) return false;
    const text = Buffer.from(reader.raw(end)).toString();
    try {
      value = parseJson(text);
    } catch {
      throw new DecodeError("a raw extension holds something other than JSON");
    }
    return true;
  });
  return value;
}
