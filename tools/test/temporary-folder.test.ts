import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "./temporary-folder.ts";

test("tests make their folders where paths are short and programs run", () => {
  const root = mkdtempSync(join(tmpdir(), "t-"));
  try {
    const [long, short] = [join(root, "long".repeat(10)), join(root, "s")];
    for (const folder of [long, short]) mkdirSync(folder);
    assert.equal(temporaryFolder([long, join(root, "none"), short]), short);
    assert.equal(temporaryFolder([long]), tmpdir());
  } finally {
    rmSync(root, { recursive: true });
  }
});
