import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalMicroTime, canonicalTime } from "./timestamps.ts";

test("times are written in UTC with whole seconds", () => {
  assert.equal(canonicalTime("2026-02-28T23:59:59Z"), "2026-02-28T23:59:59Z");
  assert.equal(canonicalTime("2024-02-29T00:00:00.987Z"), "2024-02-29T00:00:00Z");
  assert.equal(canonicalTime("2026-01-01T00:30:00+01:00"), "2025-12-31T23:30:00Z");
  assert.equal(canonicalTime("0001-01-01T00:00:00-00:30"), "0001-01-01T00:30:00Z");
  assert.equal(canonicalMicroTime("2026-01-31T00:00:00.000001Z"), "2026-01-31T00:00:00.000001Z");
  assert.equal(canonicalMicroTime("2026-01-01T00:00:00.100000+00:30"), "2025-12-31T23:30:00.100000Z");
});

test("what is no time is refused", () => {
  const wrong = ["", "2026-02-29T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z"];
  for (const text of [
    ...wrong,
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00",
    "2026-01-0aT00:00:00Z",
    "x".repeat(20),
  ]) {
    assert.throws(() => canonicalTime(text), text);
  }
  for (const text of ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.12345Z", "2026-01-01T00:00:00.12a456Z"]) {
    assert.throws(() => canonicalMicroTime(text), text);
  }
});
