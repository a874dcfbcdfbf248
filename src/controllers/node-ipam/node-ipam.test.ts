import assert from "node:assert/strict";
import { test } from "node:test";
import { withControllers } from "../fixture.ts";
import { CidrSet, formatCidr, parseCidr } from "./cidr-set.ts";
import { nodeIpamController } from "./node-ipam-controller.ts";

test("CIDRs of both families are read and written as Go does", () => {
  for (const text of ["10.244.0.0/16", "0.0.0.0/0", "fd00:10:244::/56", "::/0", "2001:db8:0:1::/64", "fe80::1/128"]) {
    assert.equal(formatCidr(parseCidr(text)), text);
  }
  assert.equal(formatCidr(parseCidr("10.244.3.7/16")), "10.244.0.0/16");
  for (const text of ["10.244.0.0", "10.0.0.256/8", "10.0.0.0/33", "fd00:::/8", "1:2:3/64", ""]) {
    assert.throws(() => parseCidr(text), RangeError, text);
  }
});

test("a set gives each subnet once, skips what is taken, and does not use again at once what was given back", () => {
  const set = new CidrSet(parseCidr("10.0.0.0/22"), 24);
  set.occupy(parseCidr("10.0.1.0/24"));
  const first = set.allocate();
  assert.deepEqual(
    [first, set.allocate()].map((cidr) => cidr && formatCidr(cidr)),
    ["10.0.0.0/24", "10.0.2.0/24"],
  );
  if (first !== undefined) set.release(first);
  assert.equal(formatCidr(set.allocate() ?? parseCidr("::/0")), "10.0.3.0/24");
  assert.equal(formatCidr(set.allocate() ?? parseCidr("::/0")), "10.0.0.0/24");
  assert.equal(set.allocate(), undefined);
});

test("nodes get ranges that nobody has, and say so when there are none", async () => {
  const config = {
    clusterCidrs: ["10.244.0.0/22", "fd00::/62"],
    nodeCidrMaskSizeIpv4: 24,
    nodeCidrMaskSizeIpv6: 64,
    serviceCidrs: ["10.244.3.0/24"],
  };
  const seed = async (fixture: Parameters<Parameters<typeof withControllers>[1]>[0]): Promise<void> => {
    await fixture.put(
      "nodes",
      { metadata: { name: "new" }, spec: {} },
      { metadata: { name: "old" }, spec: { podCIDR: "10.244.0.0/24", podCIDRs: ["10.244.0.0/24", "fd00::/64"] } },
    );
  };
  await withControllers(
    [nodeIpamController],
    async (fixture) => {
      await fixture.settle();
      assert.deepEqual(fixture.get("nodes", "new")?.spec, {
        podCIDR: "10.244.1.0/24",
        podCIDRs: ["10.244.1.0/24", "fd00:0:0:1::/64"],
      });
      await fixture.put("nodes", { metadata: { name: "third" }, spec: {} }, { metadata: { name: "fourth" }, spec: {} });
      await fixture.settle();
      assert.equal(fixture.get("nodes", "third")?.spec.podCIDR, "10.244.2.0/24");
      assert.equal(fixture.get("nodes", "fourth")?.spec.podCIDR, undefined);
      assert.ok(
        fixture.events("fourth").includes("Normal CIDRNotAvailable: Node fourth status is now: CIDRNotAvailable"),
      );
      await fixture.remove("nodes", "old");
      await fixture.advance(5_000);
      assert.equal(fixture.get("nodes", "fourth")?.spec.podCIDR, "10.244.0.0/24");
    },
    { config, seed },
  );
});
