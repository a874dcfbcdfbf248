import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalQuantity, parseQuantity } from "./cache.ts";
import { QuantityError } from "./parse.ts";
import { Quantity } from "./quantity.ts";

const canonical: readonly (readonly [string, string])[] = [
  ["0", "0"],
  ["0n", "0"],
  ["0Ki", "0"],
  ["-0", "0"],
  ["1", "1"],
  ["100m", "100m"],
  ["1000m", "1"],
  ["1.5", "1500m"],
  ["1.5Gi", "1536Mi"],
  ["0.5Ki", "512"],
  ["1024Mi", "1Gi"],
  ["1025Mi", "1025Mi"],
  ["12000", "12k"],
  ["12e3", "12e3"],
  ["12000e3", "12e6"],
  ["1E", "1E"],
  ["1e3", "1e3"],
  ["100e-3", "100e-3"],
  ["0.1n", "1n"],
  ["1.0000000001", "1000000001n"],
  ["8Ei", "9223372036854775807"],
  ["9223372036854775807", "9223372036854775807"],
  ["92233720368547758080", "92233720368547758080"],
  ["1.1Ki", "1126400m"],
  ["0.0001Ki", "102400u"],
  [".5", "500m"],
  ["5.", "5."],
  ["-1500m", "-1500m"],
  ["-1.5", "-1500m"],
  ["100000000Ki", "100000000Ki"],
  ["1000000Ki", "1000000Ki"],
];

for (const [text, expected] of canonical) {
  test(`canonical form of ${text}`, () => assert.equal(canonicalQuantity(text), expected));
}

test("texts that are no quantities are refused as upstream does", () => {
  const wrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (const text of ["", "1.1.1", "a", "1 ", "1Gi5x", "1,5", "1..2"]) {
    assert.throws(() => parseQuantity(text), { name: "QuantityError", message: wrong }, text);
  }
  for (const text of ["1i", "1Kii", "1mm", "1e", "1ki"]) {
    assert.throws(() => parseQuantity(text), new QuantityError("unable to parse quantity's suffix"), text);
  }
});

test("arithmetic is exact and keeps the format of the first operand that is not zero", () => {
  assert.equal(parseQuantity("1Gi").add(parseQuantity("512Mi")).toString(), "1536Mi");
  assert.equal(Quantity.zero.add(parseQuantity("1Ki")).toString(), "1Ki");
  assert.equal(parseQuantity("1").subtract(parseQuantity("1n")).toString(), "999999999n");
  assert.equal(parseQuantity("100m").multiply(30).toString(), "3");
  assert.equal(parseQuantity("1").negate().toString(), "-1");
});

test("comparison does not depend on how a value was written", () => {
  assert.equal(parseQuantity("1").compare(parseQuantity("1000m")), 0);
  assert.equal(parseQuantity("1Gi").compare(parseQuantity("1G")), 1);
  assert.equal(parseQuantity("-1").compare(parseQuantity("1n")), -1);
});

test("reading as integers rounds away from zero", () => {
  assert.equal(parseQuantity("1500m").value(), 2);
  assert.equal(parseQuantity("1n").milliValue(), 1);
  assert.equal(parseQuantity("-1500m").value(), -2);
  assert.equal(parseQuantity("1500m").isWhole(), false);
  assert.equal(parseQuantity("2Gi").value(), 2147483648);
  assert.equal(parseQuantity("1n").roundUp(-3).toString(), "1m");
});
