import assert from "node:assert/strict";
import { test } from "node:test";
import { groupTests } from "./groups.ts";

const contents: Readonly<Record<string, string>> = {
  "src/base/a.test.ts": "pure",
  "src/base/deep/b.test.ts": "pure",
  "src/base/c.test.ts": 'import { spawn } from "node:child_process"',
  "src/client/d.test.ts": "pure",
  "test/up.test.ts": "a cluster",
  "tools/layers/e.test.ts": "pure",
};

test("pure tests of a room share a process, others have their own, clusters come last and alone", () => {
  const groups = groupTests(Object.keys(contents), (path) => contents[path] ?? "");
  assert.deepEqual(
    groups.map(({ name, files, alone }) => [name, files.length, alone]),
    [
      ["src/base", 2, false],
      ["src/base/c.test.ts", 1, false],
      ["src/client", 1, false],
      ["tools", 1, false],
      ["test/up.test.ts", 1, true],
    ],
  );
});
