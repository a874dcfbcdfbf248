import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CapturingLog, createVirtualPlatform, type Runnable, VirtualClock, whenAborted } from "../../base/index.ts";
import { restarting } from "./restarting.ts";
import { RunGroup } from "./run-group.ts";

function part(name: string, order: string[], work: (signal: AbortSignal) => Promise<void> = whenAborted): Runnable {
  const run = async (signal: AbortSignal): Promise<void> => {
    order.push(`start ${name}`);
    try {
      await work(signal);
    } finally {
      order.push(`stop ${name}`);
    }
  };
  return { name, run };
}

describe("a run group", () => {
  test("starts in order, waits until each is ready, and stops in reverse", async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const slow = async (signal: AbortSignal): Promise<void> => {
      await clock.sleep(100, signal);
      order.push("a is ready");
    };
    const group = new RunGroup("all", [{ runnable: part("a", order), ready: slow }, { runnable: part("b", order) }]);
    const controller = new AbortController();
    const running = group.run(controller.signal);
    await clock.advance(99);
    assert.deepEqual(order, ["start a"]);
    await clock.advance(1);
    controller.abort();
    await running;
    assert.deepEqual(order, ["start a", "a is ready", "start b", "stop b", "stop a"]);
  });

  test("the first failure stops all and is the one reported", async () => {
    const order: string[] = [];
    const failing = part("b", order, () => Promise.reject(new Error("broke")));
    const group = new RunGroup("all", [{ runnable: part("a", order) }, { runnable: failing }]);
    await assert.rejects(group.run(new AbortController().signal), /^Error: b: broke$/);
    assert.deepEqual(order, ["start a", "start b", "stop b", "stop a"]);
  });

  test("a part that never gets ready fails the group; a stop while waiting does not", async () => {
    const order: string[] = [];
    const never = { runnable: part("a", order), ready: () => Promise.reject(new Error("not ready")) };
    await assert.rejects(new RunGroup("all", [never]).run(new AbortController().signal), /not ready/);
    const controller = new AbortController();
    const waiting = new RunGroup("all", [
      { runnable: part("a", order), ready: (signal) => whenAborted(signal).then(() => signal.throwIfAborted()) },
      { runnable: part("b", order) },
    ]).run(controller.signal);
    controller.abort();
    await waiting;
    assert.ok(!order.includes("start b"));
  });

  test("a part that ends by itself ends the group", async () => {
    const order: string[] = [];
    const brief = part("b", order, async () => {});
    await new RunGroup("all", [{ runnable: part("a", order) }, { runnable: brief }]).run(new AbortController().signal);
    assert.equal(order.at(-1), "stop a");
  });
});

describe("restarting", () => {
  test("a part starts again after waits that double, up to a limit, and that begin anew after a good run", async () => {
    const { clock, random } = createVirtualPlatform();
    const log = new CapturingLog();
    const starts: number[] = [];
    const runnable: Runnable = {
      name: "flaky",
      run: async (signal) => {
        starts.push(clock.monotonic());
        if (starts.length === 5) await clock.sleep(1_000, signal);
        throw new Error("again");
      },
    };
    const controller = new AbortController();
    const options = { clock, random, log, minMs: 100, maxMs: 400, resetAfterMs: 1_000 };
    const running = restarting(runnable, options).run(controller.signal);
    await clock.advance(3_000);
    controller.abort();
    await running;
    const waits = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    const expected = [100, 200, 400, 400, 1_100, 200];
    for (const [index, least] of expected.entries()) {
      const wait = waits[index] ?? 0;
      assert.ok(wait >= least && wait <= least * 1.1 + 1, `wait ${index} was ${wait}, expected ${least}`);
    }
    assert.equal(log.entries[0]?.fields.reason, "again");
  });
});
