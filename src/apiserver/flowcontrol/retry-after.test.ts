import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryAfter } from "./retry-after.ts";

test("clients wait longer while many are refused, and shorter again while few are", () => {
  const retry = new RetryAfter();
  let told = retry.refused(1_000_000);
  assert.equal(told, 1);
  const seen = new Set<number>();
  for (let ms = 1_000_000; ms < 1_120_000; ms += 100) seen.add((told = retry.refused(ms)));
  assert.equal(told, 32);
  assert.deepEqual([...seen], [1, 2, 4, 8, 16, 32]);
  for (let ms = 1_200_000; ms < 4_000_000; ms += 40_000) told = retry.refused(ms);
  assert.equal(told, 1);
});
