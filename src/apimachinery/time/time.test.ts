import assert from "node:assert/strict";
import { test } from "node:test";
import { scaledValue } from "../intstr/int-or-string.ts";
import { formatMicroTime, formatTime, parseTime } from "./format.ts";
import { humanDuration } from "./human-duration.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const ages: readonly (readonly [number, string])[] = [
  [-3 * second, "<invalid>"],
  [-second, "0s"],
  [0, "0s"],
  [119 * second, "119s"],
  [2 * minute, "2m"],
  [5 * minute + 12 * second, "5m12s"],
  [10 * minute + 12 * second, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [7 * hour + 59 * minute, "7h59m"],
  [47 * hour, "47h"],
  [3 * day + 4 * hour, "3d4h"],
  [8 * day + 4 * hour, "8d"],
  [729 * day, "729d"],
  [2 * 365 * day + 40 * day, "2y40d"],
  [9 * 365 * day, "9y"],
];
for (const [ms, text] of ages) test(`${ms} ms is ${text}`, () => assert.equal(humanDuration(ms), text));

test("times are written as upstream writes them and read back", () => {
  const at = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
  assert.equal(formatTime(at), "2026-02-03T04:05:06Z");
  assert.equal(formatMicroTime(at), "2026-02-03T04:05:06.789000Z");
  assert.equal(parseTime("2026-02-03T05:05:06.789+01:00"), at);
  for (const text of ["2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00"]) {
    assert.equal(parseTime(text), undefined, text);
  }
});

test("percentages round as asked", () => {
  assert.equal(scaledValue("25%", 10, "up"), 3);
  assert.equal(scaledValue("25%", 10, "down"), 2);
  assert.equal(scaledValue(7, 10, "up"), 7);
  assert.equal(scaledValue("x", 10, "up"), undefined);
});
