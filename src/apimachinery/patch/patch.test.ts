import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupVersionFacts, TypeFacts } from "../facts.ts";
import type { Schema } from "../schema/contract.ts";
import { FactsSchemas } from "../schema/facts-schema.ts";
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  conversionError,
  maxJsonPatchOperations,
} from "./index.ts";

const types: Record<string, TypeFacts> = {
  Thing: {
    fields: {
      name: { type: "string" },
      labels: { type: "map[string]" },
      finalizers: { type: "[]string", list: "set", patch: ["merge"] },
      args: { type: "[]string", list: "atomic" },
      items: { type: "[]Item", list: "map", keys: ["name"], patch: ["merge"], patchKey: "name" },
      source: { type: "Item", patch: ["retainKeys"] },
      whole: { type: "Item", patch: ["replace"] },
    },
  },
  Item: {
    fields: {
      name: { type: "string" },
      value: { type: "string" },
      other: { type: "string" },
      ports: { type: "[]Item", list: "map", keys: ["name"], patch: ["merge"], patchKey: "name" },
    },
  },
};
const facts: GroupVersionFacts = { group: "", version: "v1", package: "k8s.io/api/test/v1", types, resources: [] };
const schema = new FactsSchemas(() => facts).object("test/v1", "Thing");

/** Freezes, so that a patch that writes to its input fails. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}

const a = { name: "a", value: "1" };
const b = { name: "b", value: "2" };
const c = { name: "c", value: "3" };

interface Case {
  readonly name: string;
  readonly old: unknown;
  readonly patch: unknown;
  readonly result: unknown;
}

const strategic: readonly Case[] = [
  { name: "adds and replaces scalars", old: { name: "x" }, patch: { name: "y" }, result: { name: "y" } },
  { name: "null deletes, also what is not there", old: { name: "x" }, patch: { name: null, args: null }, result: {} },
  {
    name: "merges maps",
    old: { labels: { a: "1", b: "2" } },
    patch: { labels: { a: null, c: "3" } },
    result: { labels: { b: "2", c: "3" } },
  },
  { name: "atomic lists are replaced", old: { args: ["a"] }, patch: { args: ["b"] }, result: { args: ["b"] } },
  {
    name: "lists of maps merge by key",
    old: { items: [a, b] },
    patch: { items: [{ name: "b", value: "9" }, c] },
    result: { items: [a, { name: "b", value: "9" }, c] },
  },
  {
    name: "items of the patch come in its order",
    old: { items: [a, b] },
    patch: { items: [c, { name: "a" }] },
    result: { items: [c, a, b] },
  },
  {
    name: "$patch: delete removes an item",
    old: { items: [a, b] },
    patch: { items: [{ name: "a", $patch: "delete" }] },
    result: { items: [b] },
  },
  {
    name: "$patch: replace replaces a list",
    old: { items: [a, b] },
    patch: { items: [c, { $patch: "replace" }] },
    result: { items: [c] },
  },
  {
    name: "$patch: replace replaces a map",
    old: { labels: { a: "1" } },
    patch: { labels: { b: "2", $patch: "replace" } },
    result: { labels: { b: "2" } },
  },
  {
    name: "$patch: delete empties a map",
    old: { labels: { a: "1" } },
    patch: { labels: { $patch: "delete" } },
    result: { labels: {} },
  },
  {
    name: "sets of scalars unite",
    old: { finalizers: ["a", "b"] },
    patch: { finalizers: ["c", "a"] },
    result: { finalizers: ["c", "a", "b"] },
  },
  {
    name: "$deleteFromPrimitiveList",
    old: { finalizers: ["a", "b"] },
    patch: { "$deleteFromPrimitiveList/finalizers": ["a"] },
    result: { finalizers: ["b"] },
  },
  {
    name: "$deleteFromPrimitiveList of nothing",
    old: {},
    patch: { "$deleteFromPrimitiveList/finalizers": ["a"] },
    result: {},
  },
  {
    name: "$setElementOrder reorders",
    old: { items: [a, b] },
    patch: { "$setElementOrder/items": [{ name: "b" }, { name: "a" }] },
    result: { items: [b, a] },
  },
  {
    name: "$setElementOrder with a change and a server's own item",
    old: { items: [a, c, b] },
    patch: { "$setElementOrder/items": [{ name: "b" }, { name: "a" }], items: [{ name: "a", value: "9" }] },
    result: { items: [c, b, { name: "a", value: "9" }] },
  },
  {
    name: "$setElementOrder of scalars",
    old: { finalizers: ["a", "b"] },
    patch: { "$setElementOrder/finalizers": ["b", "c"], finalizers: ["c"] },
    result: { finalizers: ["a", "b", "c"] },
  },
  {
    name: "$setElementOrder where nothing was",
    old: {},
    patch: { "$setElementOrder/items": [{ name: "b" }, { name: "a" }], items: [b, a] },
    result: { items: [b, a] },
  },
  {
    name: "$retainKeys clears the rest",
    old: { source: { name: "a", value: "1" } },
    patch: { source: { $retainKeys: ["name", "other"], other: "2" } },
    result: { source: { name: "a", other: "2" } },
  },
  {
    name: "fields replaced as a whole",
    old: { whole: a },
    patch: { whole: { name: "z" } },
    result: { whole: { name: "z" } },
  },
  {
    name: "nested lists merge too",
    old: { items: [{ name: "a", ports: [a] }] },
    patch: { items: [{ name: "a", ports: [b] }] },
    result: { items: [{ name: "a", ports: [b, a] }] },
  },
  {
    name: "directives in new values stand for nothing",
    old: {},
    patch: { items: [a, { name: "b", $patch: "delete" }] },
    result: { items: [a] },
  },
  {
    name: "nulls in new values are dropped",
    old: {},
    patch: { source: { name: "a", value: null } },
    result: { source: { name: "a" } },
  },
];
for (const { name, old, patch, result } of strategic) {
  test(`strategic merge: ${name}`, () => {
    assert.deepEqual(applyStrategicMergePatch(frozen(old), frozen(patch), schema), result);
  });
}

const strategicErrors: readonly (readonly [string, unknown, unknown, number, string])[] = [
  ["no object", {}, [], 400, "json: cannot unmarshal []interface {} into Go value of type map[string]interface {}"],
  [
    "no merge key",
    { items: [a] },
    { items: [{ value: "1" }] },
    500,
    "map: map[value:1] does not contain declared merge key: name",
  ],
  [
    "unknown directive",
    { labels: { a: "1" } },
    { labels: { $patch: "add" } },
    500,
    "unknown patch type: add in map: map[$patch:add]",
  ],
  [
    "retainKeys that miss a key",
    { source: a },
    { source: { $retainKeys: ["name"], value: "2" } },
    400,
    "invalid patch format of retainKeys",
  ],
  [
    "mixed items",
    { items: [a] },
    { items: ["a"] },
    500,
    "list element types are not identical: [[map[name:a value:1]] [a]]",
  ],
  [
    "wrong order",
    { items: [a] },
    { "$setElementOrder/items": [{ name: "a" }, { name: "b" }], items: [{ name: "b" }, { name: "a" }] },
    500,
    "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
  ],
];
for (const [name, old, patch, code, message] of strategicErrors) {
  test(`strategic merge refuses ${name}`, () => {
    assert.throws(() => applyStrategicMergePatch(old, patch, schema), { message, code });
  });
}

test("merge patch", () => {
  const old = frozen({ a: { b: 1, c: 2 }, d: [1] });
  assert.deepEqual(applyMergePatch(old, { a: { b: null, e: { f: null, g: 1 } }, d: [2] }), {
    a: { c: 2, e: { g: 1 } },
    d: [2],
  });
  assert.deepEqual(applyMergePatch({ a: "x" }, { a: { b: 1 } }), { a: { b: 1 } });
  assert.throws(() => applyMergePatch({}, [1]), { code: 400, message: "Invalid JSON Patch" });
});

const jsonPatches: readonly Case[] = [
  { name: "add", old: { a: {} }, patch: [{ op: "add", path: "/a/b~1c~0d", value: 1 }], result: { a: { "b/c~d": 1 } } },
  {
    name: "add to a list",
    old: { a: [1, 3] },
    patch: [
      { op: "add", path: "/a/1", value: 2 },
      { op: "add", path: "/a/-", value: 4 },
    ],
    result: { a: [1, 2, 3, 4] },
  },
  {
    name: "remove",
    old: { a: [1, 2], b: 1 },
    patch: [
      { op: "remove", path: "/a/0" },
      { op: "remove", path: "/b" },
    ],
    result: { a: [2] },
  },
  { name: "a negative index", old: { a: [1, 2] }, patch: [{ op: "remove", path: "/a/-1" }], result: { a: [1] } },
  { name: "replace", old: { a: 1 }, patch: [{ op: "replace", path: "/a", value: null }], result: { a: null } },
  {
    name: "replace what is not there",
    old: { a: 1 },
    patch: [{ op: "replace", path: "/b", value: 2 }],
    result: { a: 1, b: 2 },
  },
  {
    name: "replace everything",
    old: { a: 1 },
    patch: [{ op: "replace", path: "", value: { b: 2 } }],
    result: { b: 2 },
  },
  { name: "move", old: { a: { b: 1 } }, patch: [{ op: "move", from: "/a/b", path: "/c" }], result: { a: {}, c: 1 } },
  {
    name: "copy, then change the copy only",
    old: { a: { b: 1 } },
    patch: [
      { op: "copy", from: "/a", path: "/c" },
      { op: "replace", path: "/c/b", value: 2 },
    ],
    result: { a: { b: 1 }, c: { b: 2 } },
  },
  {
    name: "copy of what the patch itself made",
    old: {},
    patch: [
      { op: "add", path: "/a", value: { b: 1 } },
      { op: "replace", path: "/a/b", value: 2 },
      { op: "copy", from: "/a", path: "/c" },
      { op: "replace", path: "/c/b", value: 3 },
      { op: "replace", path: "/a/b", value: 4 },
    ],
    result: { a: { b: 4 }, c: { b: 3 } },
  },
  {
    name: "test",
    old: { a: { b: [1] } },
    patch: [
      { op: "test", path: "/a", value: { b: [1] } },
      { op: "test", path: "/x", value: null },
    ],
    result: { a: { b: [1] } },
  },
  {
    name: "a member called __proto__",
    old: {},
    patch: [{ op: "add", path: "/__proto__", value: { x: 1 } }],
    result: JSON.parse('{"__proto__":{"x":1}}'),
  },
];
for (const { name, old, patch, result } of jsonPatches) {
  test(`JSON patch: ${name}`, () => assert.deepEqual(applyJsonPatch(frozen(old), frozen(patch)), result));
}

test("JSON patches that do not apply are refused with 422", () => {
  const wrong = [
    { op: "remove", path: "/x" },
    { op: "replace", path: "/x/y", value: 1 },
    { op: "replace", path: "", value: 1 },
    { op: "add", path: "/x/y", value: 1 },
    { op: "add", path: "/l/9", value: 1 },
    { op: "add", path: "/l/one", value: 1 },
    { op: "test", path: "/l", value: [2] },
    { op: "frob", path: "/l" },
    { op: "move", from: "/x", path: "/l" },
  ];
  for (const operation of wrong) {
    const message = "the server rejected our request due to an error in our request";
    assert.throws(() => applyJsonPatch({ l: [1] }, [operation]), { code: 422, message }, JSON.stringify(operation));
  }
});

test("JSON patches are bounded", () => {
  const many = new Array(maxJsonPatchOperations + 1).fill({ op: "test", path: "/a", value: 1 });
  assert.throws(() => applyJsonPatch({ a: 1 }, many), {
    code: 413,
    message: "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
  });
  const bomb = Array.from({ length: 40 }, () => ({ op: "copy", from: "/a", path: "/a/-" }));
  assert.throws(() => applyJsonPatch({ a: ["x".repeat(100)] }, bomb), { code: 422 });
});

const converted: ReadonlyArray<readonly [type: string, value: unknown, error: string | undefined]> = [
  ["int32", "x", "unrecognized type: int32"],
  ["int32", 1.5, "cannot convert float64 to int32"],
  ["int64", 3, undefined],
  ["double", 3, undefined],
  ["bool", "x", "unrecognized type: bool"],
  ["bool", 1, "unrecognized type: bool"],
  ["string", 1, "cannot convert int64 to string"],
  ["string", true, "unrecognized type: string"],
  ["string", null, undefined],
  ["bytes", 1, "cannot restore slice from int64"],
  ["Quantity", {}, undefined],
];

for (const [type, value, error] of converted) {
  test(`converting ${JSON.stringify(value)} to ${type}: ${error ?? "fits"}`, () => {
    const scalar = { type } as Schema;
    assert.equal(conversionError(value, scalar), error);
    assert.equal(conversionError([value], { type: "list", items: scalar, list: "atomic", keys: [] }), error);
    assert.equal(conversionError({ a: value }, { type: "map", values: scalar, map: "granular" }), error);
  });
}

test("converting containers to one another", () => {
  const list: Schema = { type: "list", items: { type: "string" }, list: "atomic", keys: [] };
  assert.equal(conversionError("x", list), "cannot restore slice from string");
  assert.equal(conversionError(["a"], { type: "map", values: list, map: "granular" }), "cannot restore map from slice");
  assert.equal(conversionError([], { type: "object", fields: new Map() }), "cannot restore struct from: slice");
});

test("JSON patch: what stands before the first slash is passed over, and what is missing copies as null", () => {
  assert.deepEqual(applyJsonPatch({}, [{ op: "add", path: "x/a", value: 1 }]), { a: 1 });
  assert.deepEqual(applyJsonPatch({}, [{ op: "copy", from: "/no", path: "/a" }]), { a: null });
});
