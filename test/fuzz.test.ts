import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./fuzz/fuzz.ts";

test("no request makes the server fail: 4,000 of them at random, the same each time", async () => {
  const { answers, failures, errors } = await fuzz({ requests: 4_000, seed: "1" });
  assert.deepEqual(failures, []);
  assert.deepEqual(errors, []);
  // It was no fuzz that never got past the first checks.
  for (const status of [200, 201, 400, 404, 409, 415, 422]) assert.ok((answers.get(status) ?? 0) > 0, `no ${status}`);
});
