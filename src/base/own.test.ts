import assert from "node:assert/strict";
import { test } from "node:test";
import { own } from "./own.ts";

test("keys that every object inherits stand for nothing", () => {
  const map: Record<string, string> = { cpu: "1" };
  assert.equal(own(map, "cpu"), "1");
  for (const key of ["constructor", "toString", "__proto__", "memory"]) assert.equal(own(map, key), undefined);
  assert.equal(own(undefined, "cpu"), undefined);
});
