import { ReverseWriter } from "../protobuf/reverse-writer.ts";
import { keyOf, wireBytes, wireFixed64, wireVarint } from "../protobuf/wire.ts";
import { formatYaml } from "../yaml/index.ts";
import type { OpenApiObject } from "./definitions.ts";

/** A protobuf message of `openapi.v2` or `openapi.v3`: its fields by number, in ascending order. */
export type Message = readonly (readonly [tag: number, value: string | boolean | Amount | Message])[];
export type Field = Message[number];

export interface Amount {
  readonly type: "double" | "integer";
  readonly amount: number;
}

export function encodeMessage(message: Message): Uint8Array {
  const writer = new ReverseWriter();
  writeMessage(writer, message);
  return writer.finish();
}

function writeMessage(writer: ReverseWriter, message: Message): void {
  for (let index = message.length - 1; index >= 0; index--) {
    const [tag, value] = message[index] as Field;
    if (typeof value === "string") writer.string(keyOf(tag, wireBytes), value);
    else if (typeof value === "boolean") writer.bool(keyOf(tag, wireVarint), value);
    else if (!("type" in value)) {
      const before = writer.written;
      writeMessage(writer, value);
      writer.endMessage(keyOf(tag, wireBytes), before);
    } else if (value.type === "double") writer.double(keyOf(tag, wireFixed64), value.amount);
    else writer.int(keyOf(tag, wireVarint), value.amount);
  }
}

/** Maps travel as lists of names and values. */
export function named(map: unknown, message: (value: unknown) => Message): Message {
  return entries(map).map(
    ([name, value]): Field => [
      1,
      [
        [1, name],
        [2, message(value)],
      ],
    ],
  );
}

export function extensions(tag: number, value: unknown): Field[] {
  return entries(value)
    .filter(([name]) => name.startsWith("x-"))
    .map(
      ([name, extension]): Field => [
        tag,
        [
          [1, name],
          [2, yaml(extension)],
        ],
      ],
    );
}

export function yaml(value: unknown): Message {
  return [[2, formatYaml(value)]];
}

export function text(tag: number, value: unknown): Field[] {
  return typeof value === "string" && value !== "" ? [[tag, value]] : [];
}

export function texts(tag: number, values: unknown): Field[] {
  return list(values).map((value): Field => [tag, String(value)]);
}

export function flag(tag: number, value: unknown): Field[] {
  return value === true ? [[tag, true]] : [];
}

export function field(value: unknown, name: string): unknown {
  return (value as OpenApiObject)[name];
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function entries(value: unknown): [string, unknown][] {
  return Object.entries((value ?? {}) as OpenApiObject);
}

export function amount(tag: number, type: Amount["type"], value: unknown): Field[] {
  return typeof value === "number" && value !== 0 ? [[tag, { type, amount: value }]] : [];
}
