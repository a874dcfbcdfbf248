import assert from "node:assert/strict";
import { test } from "node:test";
import { groupTests } from "./groups.ts";

const contents: Readonly<Record<string, string>> = {
  "src/base/a.test.ts": "pure",
  "src/base/deep/b.test.ts": "pure",
  "src/base/c.test.ts": 'import { spawn } from "node:child_process"',
  "src/client/d.test.ts": "pure",
  "src/cri/f.test.ts": "createRealPlatform() and containerd",
  "test/served.test.ts": "an API",
  "test/up.test.ts": "new TestCluster()",
  "tools/layers/e.test.ts": "pure",
};

test("pure tests of a room share a process, others have their own, and some the machine", () => {
  const groups = groupTests(Object.keys(contents), (path) => contents[path] ?? "");
  assert.deepEqual(
    groups.map(({ name, files, kind, sharesNetwork }) => [name, files.length, kind, ...(sharesNetwork ? [true] : [])]),
    [
      ["src/base", 2, "pure"],
      ["src/base/c.test.ts", 1, "process"],
      ["src/client", 1, "pure"],
      ["src/cri/f.test.ts", 1, "machine"],
      ["test/served.test.ts", 1, "cluster"],
      ["test/up.test.ts", 1, "cluster", true],
      ["tools", 1, "pure"],
    ],
  );
});

test("tests that drive the API with kubectl run with the newest one, too", () => {
  const texts: Readonly<Record<string, string>> = { "test/a.test.ts": "api.kubectl()", "test/b.test.ts": "other" };
  const groups = groupTests(Object.keys(texts), (path) => texts[path] ?? "", "/new");
  assert.deepEqual(
    groups.map(({ name, files, programs }) => [name, files[0], programs]),
    [
      ["test/a.test.ts", "test/a.test.ts", undefined],
      ["test/a.test.ts, newest kubectl", "test/a.test.ts", "/new"],
      ["test/b.test.ts", "test/b.test.ts", undefined],
    ],
  );
});
