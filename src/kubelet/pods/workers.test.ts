import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualPlatform, silentLog } from "../../base/index.ts";
import { testPod } from "../testing/fixtures.ts";
import type { Pod } from "../types.ts";
import type { SyncResult } from "./syncer.ts";
import { type PodOperations, PodWorkers } from "./workers.ts";

/** Operations that take a second each; what they do is written down. */
function setUp(result: SyncResult = { terminal: false }) {
  const { clock } = createVirtualPlatform();
  const done: string[] = [];
  const forgotten: string[] = [];
  let failures = 0;
  let running = 0;
  const step = async (name: string, signal?: AbortSignal): Promise<void> => {
    assert.equal(running, 0, "never two operations of one pod at once");
    running++;
    try {
      await clock.sleep(1_000, signal);
      if (failures > 0) {
        failures--;
        throw new Error("not today");
      }
      done.push(name);
    } catch (error) {
      done.push(`${name} ${signal?.aborted ? "interrupted" : "failed"}`);
      throw error;
    } finally {
      running--;
    }
  };
  const operations: PodOperations = {
    sync: async (_, signal) => {
      await step("sync", signal);
      return result;
    },
    terminate: (_, grace, signal) => step(`terminate ${grace}`, signal),
    clean: () => step("clean"),
  };
  const onForgotten = (pod: Pod): void => void forgotten.push(pod.metadata.name ?? "");
  const workers = new PodWorkers({ operations, clock, log: silentLog, onForgotten });
  return { clock, workers, done, forgotten, fail: (count: number) => (failures = count) };
}

const deleting = (grace: number): Pod =>
  testPod({}, { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: grace });

test("many changes during a sync lead to one more", async () => {
  const { clock, workers, done } = setUp();
  for (let change = 0; change < 5; change++) workers.update(testPod());
  await clock.advance(10_000);
  assert.deepEqual(done, ["sync", "sync"]);
});

test("a deletion interrupts, ends, cleans up and forgets", async () => {
  const { clock, workers, done, forgotten } = setUp();
  workers.update(testPod());
  await clock.advance(500);
  workers.update(deleting(7));
  await clock.advance(5_000);
  assert.deepEqual(done, ["sync interrupted", "terminate 7", "clean"]);
  assert.deepEqual(forgotten, []);
  workers.remove("uid-1");
  assert.deepEqual(forgotten, ["web"]);
  assert.equal(workers.has("uid-1"), false);
});

test("failures are tried again after a pause, a wish for later is kept", async () => {
  const failing = setUp();
  failing.fail(2);
  failing.workers.update(testPod());
  await failing.clock.advance(10_000);
  assert.deepEqual(failing.done, ["sync failed", "sync failed", "sync"]);
  const waking = setUp({ terminal: false, wakeAfterMs: 2_000 });
  waking.workers.update(testPod());
  await waking.clock.advance(3_900);
  assert.equal(waking.done.length, 1);
  await waking.clock.advance(200);
  assert.equal(waking.done.length, 2);
  await waking.workers.close();
});

test("a pod deleted after its end is only cleaned up once more", async () => {
  const { clock, workers, done } = setUp({ terminal: true });
  workers.update(testPod());
  await clock.advance(10_000);
  workers.update(deleting(30));
  await clock.advance(10_000);
  assert.deepEqual(done, ["sync", "terminate 0", "clean", "clean"]);
});

test("closing stops the work and leaves everything as it is", async () => {
  const { clock, workers, done, forgotten } = setUp();
  workers.update(testPod());
  await clock.advance(100);
  await workers.close();
  workers.poke("uid-1");
  await clock.advance(10_000);
  assert.deepEqual(done, ["sync interrupted"]);
  assert.deepEqual(forgotten, []);
});
