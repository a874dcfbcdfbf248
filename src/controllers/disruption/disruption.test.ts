import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodDisruptionBudget } from "../../api/index.ts";
import { type Fixture, makeReady, withControllers } from "../fixture.ts";
import { expectedPods } from "./budget.ts";
import { disruptionController } from "./disruption-controller.ts";

const budget = (spec: PodDisruptionBudget["spec"]): PodDisruptionBudget => ({
  metadata: { name: "web", namespace: "default" },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
});

async function addPods(fixture: Fixture, ready: number, waiting: number): Promise<void> {
  for (let index = 0; index < ready + waiting; index += 1) {
    await fixture.put("pods", {
      metadata: { name: `web-${index}`, namespace: "default", labels: { app: "web" } },
      spec: { containers: [] },
    });
    const pod = fixture.get("pods", `default/web-${index}`);
    if (index < ready && pod !== undefined) makeReady(fixture, pod);
  }
  await fixture.settle();
}

function numbers(fixture: Fixture): unknown {
  const {
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods: expected,
  } = fixture.get("poddisruptionbudgets", "default/web")?.status ?? {};
  return [disruptionsAllowed, currentHealthy, desiredHealthy, expected];
}

test("percentages round up, and need the owners' wishes", async () => {
  const scale = (): Promise<number> => Promise.resolve(7);
  assert.deepEqual(await expectedPods(budget({ minAvailable: "50%" }), [], scale), { expected: 7, desired: 4 });
  assert.deepEqual(await expectedPods(budget({ maxUnavailable: "30%" }), [], scale), { expected: 7, desired: 4 });
  assert.deepEqual(await expectedPods(budget({ maxUnavailable: 10 }), [], scale), { expected: 7, desired: 0 });
  assert.deepEqual(await expectedPods(budget({ minAvailable: 2 }), [], scale), { expected: 0, desired: 2 });
});

test("the allowance follows the healthy pods, less those being evicted", async () => {
  await withControllers([disruptionController], async (fixture) => {
    await fixture.put("poddisruptionbudgets", budget({ minAvailable: 2 }));
    await addPods(fixture, 3, 1);
    assert.deepEqual(numbers(fixture), [1, 3, 2, 4]);
    const [condition] = fixture.get("poddisruptionbudgets", "default/web")?.status?.conditions ?? [];
    assert.deepEqual(
      [condition?.type, condition?.status, condition?.reason],
      ["DisruptionAllowed", "True", "SufficientPods"],
    );
    fixture.force("poddisruptionbudgets", "default/web", (changed) => {
      changed.status = { ...changed.status, disruptedPods: { "web-0": "2026-01-01T00:00:00Z" } };
    });
    await fixture.settle();
    assert.deepEqual(numbers(fixture), [0, 2, 2, 4]);
    await fixture.advance(121_000);
    assert.deepEqual(numbers(fixture), [1, 3, 2, 4]);
    assert.deepEqual(fixture.events("web-0"), [
      "Warning NotDeleted: Pod was expected by PDB default/web to be deleted but it wasn't",
    ]);
  });
});

test("of pods that nobody controls no percentage can be told, and nothing is allowed", async () => {
  await withControllers([disruptionController], async (fixture) => {
    await fixture.put("poddisruptionbudgets", budget({ minAvailable: "50%" }));
    await addPods(fixture, 2, 0);
    const status = fixture.get("poddisruptionbudgets", "default/web")?.status;
    assert.equal(status?.disruptionsAllowed, 0);
    assert.equal(status?.conditions?.[0]?.reason, "InsufficientPods");
  });
});
