import type { JsonObject, TypeFamily } from "../schema/compiled-type.ts";
import type { AnySchema } from "../schema/contract.ts";
import { DecodeError } from "../schema/contract.ts";
import type { ProtobufReader } from "./reader.ts";
import type { ReverseWriter } from "./reverse-writer.ts";

type Union = NonNullable<AnySchema["union"]>;

/** The message's field for what is not a schema. */
const otherFields = { schemaOrBool: "allows", schemaOrArray: "jSONSchemas", schemaOrStrings: "property" } as const;

/** In JSON the value is either a schema or the other thing; protobuf has a field for each. */
export function encodeUnion(
  union: Union,
  family: TypeFamily,
): (key: number, value: unknown, writer: ReverseWriter) => void {
  const type = family.type(union.schema);
  const other = otherFields[union.form];
  return (key, value, writer) => {
    const before = writer.written;
    const isSchema = typeof value === "object" && value !== null && !Array.isArray(value);
    const message: JsonObject = isSchema ? { schema: value } : { [other]: value };
    if (isSchema && union.form === "schemaOrBool") message[other] = true;
    type.encode(message, writer);
    writer.endMessage(key, before);
  };
}

export function readUnion(union: Union, family: TypeFamily): (reader: ProtobufReader, limit: number) => unknown {
  const type = family.type(union.schema);
  const other = otherFields[union.form];
  return (reader, limit) => {
    const message: JsonObject = {};
    const end = reader.end(limit);
    type.read(reader, end, message);
    if (reader.at !== end) throw new DecodeError("unexpected EOF");
    if (message.schema !== undefined) return message.schema;
    return message[other] ?? (union.form === "schemaOrBool" ? false : []);
  };
}
