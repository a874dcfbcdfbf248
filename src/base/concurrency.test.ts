import assert from "node:assert/strict";
import { test } from "node:test";
import { abortable, isAbort, TimeoutError, withTimeout } from "./abort.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import { Mutex, Semaphore } from "./semaphore.ts";
import { VirtualClock } from "./virtual/clock.ts";

test("a semaphore admits its number, then in order", async () => {
  const clock = new VirtualClock();
  const semaphore = new Semaphore(2);
  const order: string[] = [];
  let inside = 0;
  const job = (name: string, ms: number) =>
    semaphore.run(async () => {
      inside++;
      assert.ok(inside <= 2);
      order.push(name);
      await clock.sleep(ms);
      inside--;
    });
  await clock.resolve(Promise.all([job("a", 30), job("b", 10), job("c", 5), job("d", 5)]));
  assert.deepEqual(order, ["a", "b", "c", "d"]);
});

test("a failure frees the place, and an aborted waiter leaves the line", async () => {
  const mutex = new Mutex();
  await assert.rejects(
    mutex.run(() => Promise.reject(new Error("x"))),
    /x/,
  );
  const gate = Promise.withResolvers<void>();
  const holder = mutex.run(() => gate.promise);
  const controller = new AbortController();
  const waiter = mutex.run(() => "never", controller.signal);
  controller.abort(new Error("left"));
  await assert.rejects(waiter, /left/);
  assert.equal(mutex.waiting, 0);
  gate.resolve();
  await holder;
  assert.equal(await mutex.run(() => "free"), "free");
});

test("a bounded queue refuses what it cannot hold and drains after close", async () => {
  const queue = new BoundedQueue<number>(2);
  assert.deepEqual([queue.push(1), queue.push(2), queue.push(3)], [true, true, false]);
  queue.close();
  assert.equal(queue.push(4), false);
  const seen: number[] = [];
  for await (const item of queue) seen.push(item);
  assert.deepEqual(seen, [1, 2]);
});

test("a reader of a bounded queue waits, and leaves with its signal", async () => {
  const queue = new BoundedQueue<string>(1);
  const controller = new AbortController();
  const lost = queue.shift(controller.signal);
  const reader = queue.shift();
  controller.abort(new Error("bye"));
  await assert.rejects(lost, /bye/);
  assert.equal(queue.push("for the reader"), true);
  assert.equal(await reader, "for the reader");
});

test("work that takes too long is given up and told so", async () => {
  const clock = new VirtualClock();
  let reason: unknown;
  const slow = withTimeout(clock, 100, (signal) => {
    signal.addEventListener("abort", () => {
      reason = signal.reason;
    });
    return new Promise(() => {});
  });
  await assert.rejects(clock.resolve(slow), TimeoutError);
  assert.ok(reason instanceof TimeoutError);
  assert.equal(await withTimeout(clock, 100, async () => 5), 5);
  assert.equal(clock.pendingTimers, 0);
});

test("abortable settles with the promise or the signal, whichever is first", async () => {
  const controller = new AbortController();
  assert.equal(await abortable(Promise.resolve(1), controller.signal), 1);
  const never = abortable(new Promise(() => {}), controller.signal);
  controller.abort();
  await assert.rejects(never, (error) => isAbort(error, controller.signal));
  await assert.rejects(abortable(Promise.reject(new Error("unseen")), controller.signal), (error) => isAbort(error));
});
