import assert from "node:assert/strict";
import { test } from "node:test";
import { addressAt, contains, formatAddress, parseAddress, parseRange } from "./addresses.ts";

test("addresses and ranges", () => {
  assert.equal(formatAddress(parseAddress("255.0.128.1")), "255.0.128.1");
  assert.deepEqual(parseRange("10.42.7.9/16"), { base: parseAddress("10.42.0.0"), bits: 16 });
  assert.equal(addressAt("10.96.0.0/12", 10), "10.96.0.10");
  assert.throws(() => addressAt("10.0.0.0/30", 4), /no address number 4/);
  assert.equal(contains("10.42.0.0/16", "10.42.255.255"), true);
  assert.equal(contains("10.42.0.0/16", "10.42.3.0/24"), true);
  assert.equal(contains("10.42.3.0/24", "10.42.0.0/16"), false);
  assert.equal(contains("0.0.0.0/0", "192.0.2.1"), true);
});

test("what is not an IPv4 range is refused", () => {
  for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.256/8", "fd00::/64", "a.b.c.d/8", "10.0.0.1/-1"]) {
    assert.throws(() => parseRange(text), /is not an IPv4/, text);
  }
});
