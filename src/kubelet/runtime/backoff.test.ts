import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "./backoff.ts";

test("the first restart is at once, then 10 s, 20 s … up to 5 m", () => {
  const backoff = new Backoff();
  const waits: number[] = [];
  let nowMs = 1_000_000;
  for (let failure = 0; failure < 8; failure++) {
    const waitMs = backoff.remainingMs("c", nowMs, nowMs);
    waits.push(waitMs / 1000);
    nowMs += waitMs;
    backoff.note("c", nowMs - waitMs, nowMs);
    nowMs += 100;
  }
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
});

test("ten minutes without failure make it start over", () => {
  const backoff = new Backoff();
  backoff.note("c", 0, 0);
  backoff.note("c", 10_000, 10_000);
  assert.equal(backoff.delayMs("c"), 20_000);
  assert.equal(backoff.remainingMs("c", 10_000 + 600_001, 10_000 + 600_001), 0);
  backoff.note("c", 10_000 + 600_001, 10_000 + 600_001);
  assert.equal(backoff.delayMs("c"), 10_000);
});

test("a pod's entries are forgotten together", () => {
  const backoff = new Backoff();
  backoff.note("uid_a", 0, 0);
  backoff.note("other_a", 0, 0);
  backoff.forgetPrefix("uid_");
  assert.equal(backoff.delayMs("uid_a"), 0);
  assert.equal(backoff.delayMs("other_a"), 10_000);
});
