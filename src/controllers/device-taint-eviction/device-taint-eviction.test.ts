import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceTaint, DeviceToleration, ResourceSlice } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { deviceTaintEvictionController } from "./device-taint-eviction-controller.ts";

const device = { request: "r", driver: "d.example.com", pool: "p", device: "gpu" };

async function seed(fixture: Fixture, tolerations: DeviceToleration[] = []): Promise<void> {
  const claim = [{ name: "gpu", resourceClaimName: "claim" }];
  await fixture.put("pods", {
    metadata: { name: "web", namespace: "default" },
    spec: { nodeName: "n", containers: [], resourceClaims: claim },
    status: { phase: "Running" },
  });
  await fixture.put("resourceclaims", {
    metadata: { name: "claim", namespace: "default" },
    spec: {},
    status: {
      allocation: { devices: { results: [{ ...device, tolerations }] } },
      reservedFor: [{ resource: "pods", name: "web", uid: "uid-web" }],
    },
  });
}

function slice(generation: number, ...taints: DeviceTaint[]): ResourceSlice {
  const pool = { name: "p", generation, resourceSliceCount: 1 };
  return {
    metadata: { name: `s${generation}` },
    spec: { driver: device.driver, pool, devices: [{ name: "gpu", taints }] },
  };
}

const taintNow = ({ clock }: Fixture, changes: Partial<DeviceTaint> = {}): DeviceTaint => ({
  key: "broken",
  effect: "NoExecute",
  timeAdded: formatTime(clock.now()),
  ...changes,
});

test("a pod goes at once when its device is tainted, for a reason that it is told", async () => {
  await withControllers([deviceTaintEvictionController], async (fixture) => {
    await seed(fixture);
    await fixture.put("resourceslices", slice(1, taintNow(fixture, { effect: "NoSchedule" })));
    await fixture.advance(1_000);
    assert.notEqual(fixture.get("pods", "default/web"), undefined);
    fixture.force("resourceslices", "s1", ({ spec }) => Object.assign(spec, slice(1, taintNow(fixture)).spec));
    await fixture.advance(1_000);
    assert.equal(fixture.get("pods", "default/web"), undefined);
    assert.deepEqual(fixture.events("web"), ["Normal DeviceTaintManagerEviction: Marking for deletion"]);
    const { body } = fixture.registry.render();
    assert.match(body, /device_taint_eviction_controller_pod_deletions_total 1/);
  });
});

test("a claim tolerates a taint for as long as it says; a taint that goes away in time evicts nobody", async () => {
  const toleration: DeviceToleration = { operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 };
  await withControllers([deviceTaintEvictionController], async (fixture) => {
    await seed(fixture, [toleration]);
    await fixture.put("resourceslices", slice(1, taintNow(fixture)));
    await fixture.advance(30_000);
    await fixture.put("resourceslices", slice(2));
    await fixture.advance(60_000);
    assert.notEqual(fixture.get("pods", "default/web"), undefined, "the slice of the older generation does not count");
    assert.deepEqual(fixture.events("web"), ["Normal DeviceTaintManagerEviction: Cancelling deletion"]);
    await fixture.put("resourceslices", slice(3, taintNow(fixture)));
    await fixture.advance(59_000);
    assert.notEqual(fixture.get("pods", "default/web"), undefined);
    await fixture.advance(2_000);
    assert.equal(fixture.get("pods", "default/web"), undefined);
  });
});

test("a toleration without an end, and a claim of another pod, keep the pod", async () => {
  await withControllers([deviceTaintEvictionController], async (fixture) => {
    await seed(fixture, [
      { key: "broken", operator: "Equal", value: "x", effect: "NoExecute" },
      { key: "broken", operator: "Exists", effect: "NoExecute", tolerationSeconds: 1 },
    ]);
    await fixture.put("resourceslices", slice(1, taintNow(fixture, { value: "x" })));
    await fixture.advance(10_000);
    assert.notEqual(fixture.get("pods", "default/web"), undefined);
    fixture.force("resourceclaims", "default/claim", ({ status }) => Object.assign(status ?? {}, { reservedFor: [] }));
    await fixture.put("resourceslices", slice(2, taintNow(fixture)));
    await fixture.advance(10_000);
    assert.notEqual(fixture.get("pods", "default/web"), undefined);
  });
});
