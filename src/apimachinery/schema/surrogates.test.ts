import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutLoneSurrogates } from "./surrogates.ts";

test("halves of surrogate pairs become replacement characters, pairs and escaped backslashes stay", () => {
  const cases = [
    ['"\\ud800"', '"\\ufffd"'],
    ['"\\udc00\\ud800"', '"\\ufffd\\ufffd"'],
    ['"\\ud83d\\ude00"', '"\\ud83d\\ude00"'],
    ['"\\\\ud800"', '"\\\\ud800"'],
    ['"\\\\\\uD800x"', '"\\\\\\ufffdx"'],
    ['"\\ud800\\u0041"', '"\\ufffd\\u0041"'],
  ] as const;
  for (const [given, wanted] of cases) assert.equal(withoutLoneSurrogates(given), wanted);
});
