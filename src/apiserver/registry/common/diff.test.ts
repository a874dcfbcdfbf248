import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonDiff, linesDiff } from "./diff.ts";

const lines = (text: string): string[] => text.split(" ");

test("what differs is shown with three lines around it, what is far apart by itself", () => {
  assert.equal(linesDiff(lines("a b c"), lines("a b c")), "");
  assert.equal(linesDiff(lines("a b c"), lines("a x c")), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
  const far = linesDiff(lines("a 1 2 3 4 5 6 7 b c"), lines("x 1 2 3 4 5 6 7 c d"));
  assert.equal(far, "@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n@@ -6,5 +6,5 @@\n 5\n 6\n 7\n-b\n c\n+d\n");
  assert.equal(linesDiff([], ["a"]), "@@ -1,0 +1,1 @@\n+a\n");
});

test("objects are shown in the form of messages", () => {
  const shown = (value: unknown) => ({ Name: value });
  assert.equal(jsonDiff("a", "b", shown), '@@ -1,3 +1,3 @@\n {\n- "Name": "a"\n+ "Name": "b"\n }\n');
});
