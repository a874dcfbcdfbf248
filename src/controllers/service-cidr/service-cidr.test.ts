import assert from "node:assert/strict";
import { test } from "node:test";
import type { IPAddress } from "../../api/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { serviceCidrController } from "./service-cidr-controller.ts";

const address = (name: string): IPAddress => ({
  metadata: { name },
  spec: { parentRef: { resource: "services", name: "web" } },
});
const ready = (fixture: Fixture, name: string): unknown => {
  const [condition] = fixture.get("servicecidrs", name)?.status?.conditions ?? [];
  return [condition?.status, condition?.reason];
};

test("a range becomes ready, and goes only when its addresses are free or held elsewhere", async () => {
  await withControllers([serviceCidrController], async (fixture) => {
    await fixture.put("servicecidrs", {
      metadata: { name: "extra" },
      spec: { cidrs: ["10.100.0.0/24", "fd00::/112"] },
    });
    await fixture.put("ipaddresses", address("10.100.0.7"), address("10.96.0.1"));
    await fixture.settle();
    assert.deepEqual(ready(fixture, "extra"), ["True", ""]);
    await fixture.remove("servicecidrs", "extra");
    await fixture.advance(30_000);
    assert.deepEqual(ready(fixture, "extra"), ["False", "Terminating"]);
    await fixture.remove("ipaddresses", "10.100.0.7");
    await fixture.advance(11_000);
    assert.equal(fixture.get("servicecidrs", "extra"), undefined);
  });
});
