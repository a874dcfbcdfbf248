import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDeadCode, deadCode } from "./dead-code.ts";
import { readRatchets } from "./ratchets.ts";

test("what is dead and not listed is told, and what is listed and alive", () => {
  assert.deepEqual(checkDeadCode(new Set(["a.ts", "b.ts#x"]), ["a.ts", "gone.ts"]), [
    "b.ts#x is used by nobody",
    "gone.ts is alive or gone: run ./k8ts tool tidy",
  ]);
});

test("the repository has no file, export or dependency that nobody uses but those of the ratchet", () => {
  assert.equal(checkDeadCode(deadCode(), readRatchets().dead).join("\n"), "");
});
