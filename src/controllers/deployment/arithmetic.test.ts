import assert from "node:assert/strict";
import { test } from "node:test";
import { newSetReplicas, resolveFenceposts, rollingStep, type SetView, type Wanted } from "./arithmetic.ts";

function wanted(replicas: number, maxSurge: number | string, maxUnavailable: number | string): Wanted {
  return {
    strategy: "RollingUpdate",
    replicas,
    ...resolveFenceposts(maxSurge, maxUnavailable, replicas),
    statusReplicas: replicas,
  };
}

function set(name: string, replicas: number, available = replicas, createdMs = 0): SetView {
  return { name, replicas, available, createdMs };
}

/** A whole rollout, one line for each step: sizes of the old and new set, with what of them is available. */
function rollout(want: Wanted, brokenOld = 0): string[] {
  let old = set("old", want.replicas, want.replicas - brokenOld);
  let fresh = set("new", newSetReplicas(want, [old, set("new", 0)], 0), 0, 1);
  const lines = [`old ${old.available}/${old.replicas} new ${fresh.available}/${fresh.replicas}`];
  for (let step = 0; step < 100; step += 1) {
    const scales = rollingStep(want, fresh, [old]);
    for (const { name, to } of scales) {
      if (name === "old") old = { ...old, replicas: to, available: Math.min(old.available, to) };
      else fresh = { ...fresh, replicas: to };
    }
    // Pods become available between two steps.
    if (scales.length === 0 && fresh.available === fresh.replicas) return lines;
    if (scales.length === 0) fresh = { ...fresh, available: fresh.replicas };
    lines.push(`old ${old.available}/${old.replicas} new ${fresh.available}/${fresh.replicas}`);
  }
  throw new Error("the rollout does not end");
}

test("transcript: three replicas by the defaults go one by one", () => {
  assert.deepEqual(rollout(wanted(3, "25%", "25%")), [
    "old 3/3 new 0/1",
    "old 3/3 new 1/1",
    "old 2/2 new 1/1",
    "old 2/2 new 1/2",
    "old 2/2 new 2/2",
    "old 1/1 new 2/2",
    "old 1/1 new 2/3",
    "old 1/1 new 3/3",
    "old 0/0 new 3/3",
  ]);
});

test("transcript: without surge the old make room first", () => {
  assert.deepEqual(rollout(wanted(4, 0, 2)), [
    "old 4/4 new 0/0",
    "old 2/2 new 0/0",
    "old 2/2 new 0/2",
    "old 2/2 new 2/2",
    "old 0/0 new 2/2",
    "old 0/0 new 2/4",
    "old 0/0 new 4/4",
  ]);
});

test("transcript: what is broken goes first and costs no availability", () => {
  assert.deepEqual(rollout(wanted(4, 1, 0), 2).slice(0, 4), [
    "old 2/4 new 0/1",
    "old 2/4 new 1/1",
    "old 2/3 new 1/1",
    "old 2/3 new 1/2",
  ]);
});

test("no rollout leaves its fence posts, whatever they are, and every one ends", () => {
  for (const replicas of [1, 2, 5, 10, 33]) {
    for (const surge of [0, 1, 3, "25%", "100%"]) {
      for (const unavailable of [0, 1, 2, "25%", "100%"]) {
        const want = wanted(replicas, surge, unavailable);
        const least = replicas - Math.min(want.maxUnavailable, replicas);
        for (const line of rollout(want)) {
          const [oldAvailable = 0, oldSize = 0, newAvailable = 0, newSize = 0] = (line.match(/[0-9]+/g) ?? []).map(
            Number,
          );
          const context = `${replicas} ${surge} ${unavailable}: ${line}`;
          assert.ok(oldSize + newSize <= replicas + want.maxSurge, context);
          assert.ok(oldAvailable + newAvailable >= least, context);
        }
        assert.match(rollout(want).at(-1) ?? "", new RegExp(`old 0/0 new ${replicas}/${replicas}`));
      }
    }
  }
});
