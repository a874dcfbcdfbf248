import assert from "node:assert/strict";
import { test } from "node:test";
import { type FieldSchema, type ObjectSchema, semanticEqual } from "../apimachinery/index.ts";
import { loadScheme } from "./index.ts";

/** Of all built-in kinds, by name: whether it is ever a pointer to a struct, and whether ever something else with `{}`. */
function namesByUse(): ReadonlyMap<string, { pointer: boolean; value: boolean }> {
  const uses = new Map<string, { pointer: boolean; value: boolean }>();
  const seen = new Set<ObjectSchema>();
  const visit = (schema: FieldSchema["schema"]): void => {
    if (schema.type === "list") visit(schema.items);
    if (schema.type === "map") visit(schema.values);
    if (schema.type !== "object" || seen.has(schema)) return;
    seen.add(schema);
    for (const field of schema.fields.values()) {
      const { schema: inner, facts } = field;
      if (inner.type === "object" || inner.type === "map") {
        const use = uses.get(field.name) ?? { pointer: false, value: false };
        if (inner.type === "object" && facts.pointer === true) use.pointer = true;
        else use.value = true;
        uses.set(field.name, use);
      }
      visit(inner);
    }
  };
  const scheme = loadScheme();
  for (const { kind } of scheme.resources()) visit(scheme.codec(kind).schema);
  return uses;
}

/** Values in types that are no part of stored objects, or raw JSON. */
const elsewhere = ["object", "resource"];

test("an empty object differs from none exactly where Go has a pointer", () => {
  const lenient: string[] = [];
  for (const [name, { pointer, value }] of namesByUse()) {
    // Written always, or never empty, where they are no pointers.
    if (["podSelector", "selector", "resources"].includes(name)) continue;
    const equal = semanticEqual({ a: 1, [name]: {} }, { a: 1 });
    assert.equal(semanticEqual({ a: 1 }, { a: 1, [name]: {} }), equal, name);
    if (!equal) assert.equal(value, false, name);
    else if (pointer && !value) lenient.push(name);
  }
  assert.deepEqual(lenient.sort(), elsewhere);
});

test("capacity is a pointer of requests for devices, and a map elsewhere", () => {
  assert.equal(semanticEqual({ accessModes: ["x"], capacity: {} }, { accessModes: ["x"] }), true);
  assert.equal(semanticEqual({ deviceClassName: "x", capacity: {} }, { deviceClassName: "x" }), false);
  assert.equal(semanticEqual({ deviceClassName: "x" }, { deviceClassName: "x", capacity: {} }), false);
});

test("what is within counts too", () => {
  const peer = (name: string) => ({ ingress: [{ from: [{ [name]: {} }] }] });
  assert.equal(semanticEqual(peer("podSelector"), peer("namespaceSelector")), false);
  assert.equal(semanticEqual(peer("podSelector"), peer("podSelector")), true);
  assert.equal(semanticEqual({ volumes: [{ name: "v" }] }, { volumes: [{ name: "v", emptyDir: {} }] }), false);
  assert.equal(semanticEqual({ limits: {}, labels: {} }, { status: {}, args: [] }), true);
});
