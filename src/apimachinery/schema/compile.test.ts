import assert from "node:assert/strict";
import { test } from "node:test";
import type { FieldFacts } from "../facts.ts";
import { compile } from "./compile.ts";
import { TypeFamily } from "./compiled-type.ts";
import type { FieldSchema, ObjectSchema, Schema } from "./contract.ts";

const report = { unknownFields: "report" } as const;

/** As a custom resource has it: nothing is left out for being zero. */
function field(name: string, schema: Schema, facts: Partial<FieldFacts> = {}): FieldSchema {
  return { name, schema, facts: { type: schema.type, pointer: true, omitEmpty: true, ...facts } };
}

function objectOf(fields: readonly FieldSchema[], more: Partial<ObjectSchema> = {}): ObjectSchema {
  return { type: "object", fields: new Map(fields.map((each) => [each.name, each])), ...more };
}

const text: Schema = { type: "string" };

test("a schema made at run time is held to as a built-in one is", () => {
  const item = objectOf([field("size", { type: "int64" }), field("constructor", text)]);
  const schema = objectOf([
    field("items", { type: "list", items: item, list: "atomic", keys: [] }),
    field("labels", { type: "map", values: text, map: "granular" }),
    field("x-odd name", { type: "bool" }),
  ]);
  const codec = compile<Record<string, unknown>>(schema);
  const json = '{"items":[{"size":0,"constructor":""},{}],"labels":{},"x-odd name":false}';
  assert.deepEqual(codec.decode(json, report), { object: JSON.parse(json), problems: [] });
  assert.equal(codec.encode(codec.decode(json, report).object), json);
  assert.deepEqual(codec.decode('{"items":[{"toString":1}]}', report).problems, ['unknown field "items[0].toString"']);
  assert.throws(() => codec.decode('{"items":[{"size":"1"}]}', report), { name: "DecodeError" });
});

test("unknown fields stay where the schema says so", () => {
  const codec = compile<Record<string, unknown>>(objectOf([field("a", text)], { preserveUnknown: true }));
  const json = '{"a":"1","z":{"y":[null,{"__proto__":1}]}}';
  const { object, problems } = codec.decode(json, report);
  assert.deepEqual(problems, []);
  assert.equal(codec.encode(object), json);
});

test("a value already parsed is copied, not kept", () => {
  const codec = compile<Record<string, unknown>>(
    objectOf([field("labels", { type: "map", values: text, map: "granular" })]),
  );
  const value = { labels: { a: "b" }, absent: undefined };
  const { object, problems } = codec.decodeValue(value, report);
  assert.deepEqual(problems, []);
  assert.notEqual(object.labels, value.labels);
});

test("plain defaults come before computed ones, and these before those of fields", () => {
  const inner = objectOf([field("size", { type: "int32" }, { default: 3 })], { name: "test.v1.Inner" });
  const schema = objectOf([field("mode", text, { default: "auto" }), field("inner", inner)], { name: "test.v1.Outer" });
  const computed = new Map([
    [
      "test.v1.Outer",
      (object: { mode?: string; inner?: object }) => void (object.mode === "auto" && (object.inner ??= {})),
    ],
  ]);
  const codec = compile<Record<string, unknown>>(schema, new TypeFamily(computed));
  const object = codec.decode("{}", report).object;
  codec.applyDefaults(object);
  assert.deepEqual(object, { mode: "auto", inner: { size: 3 } });
});

test("text nested without end is refused, not followed to the end of the stack", () => {
  const codec = compile(objectOf([field("raw", { type: "any" })]));
  const depth = 200_000;
  assert.throws(() => codec.decode(`{"raw":${"[".repeat(depth)}${"]".repeat(depth)}}`, report), {
    name: "DecodeError",
  });
});
