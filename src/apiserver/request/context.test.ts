import assert from "node:assert/strict";
import { validateHeaderValue } from "node:http";
import { test } from "node:test";
import { LiveContext, warningHeaders } from "./context.ts";

test("warnings in any script are headers that can be sent, and say what they said", () => {
  const [header = ""] = warningHeaders(['unknown field "поле 日本"']);
  validateHeaderValue("warning", header);
  assert.equal(Buffer.from(header, "latin1").toString(), '299 - "unknown field \\"поле 日本\\""');
});

test("warnings are told once, and cut short when they are many", () => {
  const context = () => new LiveContext({} as never, {} as never, { name: "u", groups: [] }, 0, "id");
  const few = context();
  for (const text of ["a", "a", "", "b\nc", "x".repeat(300)]) few.warn(text);
  assert.deepEqual(few.warnings, ["a", "x".repeat(300)]);
  const many = context();
  for (let count = 0; count < 30; count++) many.warn(`${count} ${"y".repeat(300)}`);
  assert.equal(many.warnings.length, 16);
  assert.ok(many.warnings.every((text) => text.length === 256));
});
