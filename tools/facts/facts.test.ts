import assert from "node:assert/strict";
import { test } from "node:test";
import { outdatedFiles } from "./generate.ts";

test("types follow from the facts, and facts are formatted", () => {
  assert.deepEqual([...outdatedFiles().keys()], [], "run: node tools/facts/generate.ts");
});
