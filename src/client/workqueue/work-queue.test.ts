import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { ItemExponentialRateLimiter } from "./rate-limiter.ts";
import { WorkQueue } from "./work-queue.ts";

function make(capacity?: number): { clock: VirtualClock; queue: WorkQueue; dropped: () => number } {
  const clock = new VirtualClock();
  let dropped = 0;
  const noop = (): void => {};
  const metrics = {
    added: noop,
    depth: noop,
    waited: noop,
    worked: noop,
    retried: noop,
    dropped: () => void (dropped += 1),
    watch: () => {},
  };
  const rateLimiter = new ItemExponentialRateLimiter({ baseDelayMs: 5, maxDelayMs: 1_000_000 });
  return { clock, queue: new WorkQueue({ clock, rateLimiter, metrics, capacity }), dropped: () => dropped };
}

test("a key added twice is handed out once, in order", async () => {
  const { queue } = make();
  for (const key of ["a", "b", "a", "c"]) queue.add(key);
  assert.deepEqual([await queue.get(), await queue.get(), await queue.get(), queue.length], ["a", "b", "c", 0]);
});

test("a key added while it is worked on comes back only after done", async () => {
  const { clock, queue } = make();
  queue.add("a");
  assert.equal(await queue.get(), "a");
  queue.add("a");
  let second: string | undefined;
  void queue.get().then((key) => (second = key));
  await clock.settle();
  assert.equal(second, undefined);
  queue.done("a");
  await clock.settle();
  assert.equal(second, "a");
  queue.done("a");
  assert.equal(queue.length, 0);
});

test("of two delays the earlier counts", async () => {
  const { clock, queue } = make();
  queue.addAfter("a", 100);
  queue.addAfter("a", 10);
  queue.addAfter("a", 50);
  await clock.advance(9);
  assert.equal(queue.length, 0);
  await clock.advance(1);
  assert.equal(queue.length, 1);
  await clock.advance(1000);
  assert.equal(queue.length, 1);
  assert.equal(queue.delayedLength, 0);
});

test("failures double the wait until forgotten", async () => {
  const { clock, queue } = make();
  for (const delay of [5, 10, 20, 40]) {
    queue.addRateLimited("a");
    await clock.advance(delay - 1);
    assert.equal(queue.length, 0);
    await clock.advance(1);
    assert.equal(await queue.get(), "a");
    queue.done("a");
  }
  queue.forget("a");
  queue.addRateLimited("a");
  await clock.advance(5);
  assert.equal(queue.length, 1);
});

test("shut down drains what waits and refuses the rest", async () => {
  const { queue } = make();
  queue.add("a");
  queue.addAfter("b", 10);
  queue.shutDown();
  queue.add("c");
  assert.equal(await queue.get(), "a");
  assert.equal(await queue.get(), undefined);
});

test("a full queue drops and counts", () => {
  const { queue, dropped } = make(2);
  queue.add("a");
  queue.addAfter("b", 10);
  queue.add("c");
  queue.addAfter("d", 10);
  assert.equal(dropped(), 2);
  assert.equal(queue.length, 1);
});

test("a hundred thousand keys pass in linear time", async () => {
  const { queue } = make();
  for (let index = 0; index < 100_000; index += 1) queue.add(String(index));
  for (let index = 0; index < 100_000; index += 1) {
    const key = await queue.get();
    assert.equal(key, String(index));
    queue.done(key ?? "");
  }
});
