import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "./clock.ts";

test("timers fire by deadline, then in the order they were made", async () => {
  const clock = new VirtualClock(0);
  const fired: string[] = [];
  clock.after(20, () => fired.push(`c@${clock.now()}`));
  clock.after(10, () => fired.push(`a@${clock.now()}`));
  clock.after(10, () => fired.push(`b@${clock.now()}`));
  await clock.advance(15);
  assert.deepEqual(fired, ["a@10", "b@10"]);
  assert.equal(clock.now(), 15);
  await clock.advance(5);
  assert.deepEqual(fired, ["a@10", "b@10", "c@20"]);
});

test("what a timer sets off ends before the next timer fires", async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  clock.after(1, () => {
    void (async () => {
      for (let step = 0; step < 50; step++) await Promise.resolve();
      process.nextTick(() => order.push("chain of the first"));
    })();
  });
  clock.after(1, () => order.push("second"));
  await clock.advance(1);
  assert.deepEqual(order, ["chain of the first", "second"]);
});

test("timers made while time moves fire within the same advance", async () => {
  const clock = new VirtualClock();
  let ticks = 0;
  const tick = (): void => {
    ticks++;
    clock.after(10, tick);
  };
  clock.after(10, tick);
  await clock.advance(100);
  assert.equal(ticks, 10);
  assert.equal(clock.pendingTimers, 1);
});

test("runUntilIdle tells whether it came to rest", async () => {
  const clock = new VirtualClock();
  const sleeper = clock.sleep(300_000);
  assert.equal(await clock.runUntilIdle(), true);
  await sleeper;
  assert.equal(clock.monotonic(), 300_000);
  const tick = (): void => void clock.after(1_000, tick);
  tick();
  assert.equal(await clock.runUntilIdle(10_000), false);
});

test("resolve returns the value, the error, or says that nothing came", async () => {
  const clock = new VirtualClock();
  assert.equal(await clock.resolve(clock.sleep(5_000).then(() => "late")), "late");
  await assert.rejects(
    clock.resolve(
      clock.sleep(5).then(() => {
        throw new Error("boom");
      }),
    ),
    /boom/,
  );
  await assert.rejects(clock.resolve(new Promise(() => {})), /not settled/);
});

test("a thousand random timers and cancellations come out in order", async () => {
  const clock = new VirtualClock(0);
  const fired: number[] = [];
  let expected = 0;
  for (let index = 0; index < 1000; index++) {
    const timer = clock.after((index * 7919) % 1009, () => fired.push(clock.now()));
    if (index % 3 === 0) timer.cancel();
    else expected++;
  }
  assert.equal(clock.pendingTimers, expected);
  await clock.advance(2000);
  assert.equal(fired.length, expected);
  assert.deepEqual(
    fired,
    fired.toSorted((a, b) => a - b),
  );
});

test("time cannot be moved from two places at once", async () => {
  const clock = new VirtualClock();
  const first = clock.advance(10);
  await assert.rejects(clock.advance(10), /two places/);
  await first;
});
