import assert from "node:assert/strict";
import { test } from "node:test";
import type { PriorityLevelConfiguration } from "../../api/index.ts";
import { VirtualClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import type { FlowDecision } from "../handlers/pipeline.ts";
import { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";
import { parseRequestInfo } from "../request/info.ts";
import { Query } from "../request/query.ts";
import { mandatory, suggested } from "./bootstrap.ts";
import { type Borrower, shareSeats } from "./borrowing.ts";
import { Fairness } from "./fairness.ts";
import { flowMetrics } from "./flow-metrics.ts";
import { DemandIntegrator, smoothed } from "./seat-demand.ts";

const noSources = { stored: () => ({ count: 0, averageBytes: 0 }), watchers: () => 0 };

function level(nominal: number, bounds: { lower?: number; upper?: number }, high: number, wanted = high): Borrower {
  const limits = { nominal, lower: bounds.lower ?? nominal, upper: bounds.upper ?? nominal + 600 };
  return { exempt: false, limits, high, smoothed: wanted };
}

test("what one level does not want, another may have, down to what stays with the first", () => {
  const lender = level(100, { lower: 20 }, 5);
  const hungry = level(100, {}, 400);
  assert.deepEqual(shareSeats([lender, hungry]).seats, [20, 180]);
  const bounded = level(100, { upper: 150 }, 400);
  assert.deepEqual(shareSeats([lender, bounded]).seats, [50, 150]);
});

test("levels that want as much keep their own, and none is below what it needs of it", () => {
  assert.deepEqual(shareSeats([level(100, { lower: 10 }, 300), level(50, { lower: 5 }, 300)]).seats, [100, 50]);
  const { seats, fairFraction } = shareSeats([level(100, { lower: 10 }, 60), level(100, { lower: 10 }, 500)]);
  assert.deepEqual(seats, [60, 140]);
  assert.ok(fairFraction > 0 && fairFraction < 1);
});

test("exempt levels take first what they used; the others share the rest down to their least", () => {
  const exempt = (high: number): Borrower => ({
    exempt: true,
    limits: { nominal: 0, lower: 0, upper: 600 },
    high,
    smoothed: 0,
  });
  const half = level(100, { lower: 50 }, 100);
  assert.deepEqual(shareSeats([exempt(0), half, half]).seats, [0, 100, 100]);
  assert.deepEqual(shareSeats([exempt(50), half, half]).seats, [50, 75, 75]);
  assert.deepEqual(shareSeats([exempt(150), half, half]).seats, [150, 50, 50]);
});

test("what exempt levels use is not taken from what idle levels lend", () => {
  const exempt: Borrower = { exempt: true, limits: { nominal: 0, lower: 0, upper: 600 }, high: 30, smoothed: 0 };
  const { seats } = shareSeats([exempt, level(100, { lower: 20 }, 5), level(100, {}, 400)]);
  assert.deepEqual(seats, [30, 20, 180], "the seats of the others add up to all of the server's");
});

test("demand is averaged over time, rises at once and falls slowly", () => {
  const demand = new DemandIntegrator();
  demand.set(10);
  demand.passed(5);
  demand.set(30);
  demand.passed(5);
  demand.set(0);
  assert.deepEqual(demand.take(), { high: 30, average: 20, deviation: 10 });
  assert.deepEqual(demand.take(), { high: 0, average: 0, deviation: 0 });
  assert.equal(smoothed({ high: 30, average: 20, deviation: 10 }, 5), 30);
  assert.ok(Math.abs(smoothed({ high: 0, average: 0, deviation: 0 }, 30) - 29.31) < 1e-9);
});

/** Two levels of 300 seats; one of them may borrow, the other lends. */
const levels: readonly PriorityLevelConfiguration[] = [
  {
    metadata: { name: "workload-low", uid: "a" },
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares: 10,
        lendablePercent: 50,
        limitResponse: { type: "Queue", queuing: { queues: 8, handSize: 2, queueLengthLimit: 100 } },
      },
    },
  },
  {
    metadata: { name: "global-default", uid: "b" },
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares: 10,
        lendablePercent: 80,
        borrowingLimitPercent: 0,
        limitResponse: { type: "Queue", queuing: { queues: 8, handSize: 2, queueLengthLimit: 100 } },
      },
    },
  },
];

test("waiting requests go on when the next adjustment lends their level seats", async () => {
  const clock = new VirtualClock();
  const registry = new MetricsRegistry();
  const metrics = flowMetrics(registry);
  const fairness = new Fairness({ clock, metrics, serverSeats: 40, waitMsMax: 60_000, sources: noSources });
  fairness.configure(levels, [...mandatory.schemas, ...suggested.schemas]);
  const worker: UserInfo = {
    name: "system:serviceaccount:a:b",
    groups: ["system:serviceaccounts", "system:authenticated"],
  };
  const decided: FlowDecision[] = [];
  const arrive = (): void => {
    const target = "/api/v1/namespaces/default/pods/web";
    const peer = { remoteAddress: "", clientCertificates: [] };
    const { signal } = new AbortController();
    const request = { method: "GET", target, headers: {}, peer, signal, body: async () => new Uint8Array() };
    const context = new LiveContext(request, parseRequestInfo("GET", target, new Query("")), worker, 0, "id");
    const answer = fairness.decide(context, new Query(""));
    if (answer instanceof Promise) void answer.then((decision) => decided.push(decision));
    else decided.push(answer);
  };
  const low = [...fairness.levels].find(({ name }) => name === "workload-low");
  assert.ok(low !== undefined);
  for (let index = 0; index < 60; index++) arrive();
  await clock.advance(10_000);
  const before = decided.length;
  assert.equal(before, low.current);
  fairness.adjust();
  await clock.advance(0);
  const after = low.current;
  assert.ok(after > before, `${after} > ${before}`);
  assert.equal(decided.length, after);
  assert.ok(after <= 40);
  const shown = registry.render().body;
  assert.match(
    shown,
    new RegExp(`^apiserver_flowcontrol_current_limit_seats\\{priority_level="workload-low"\\} ${after}$`, "m"),
  );
  assert.match(shown, /^apiserver_flowcontrol_demand_seats_high_watermark\{priority_level="workload-low"\} 60$/m);

  // Nothing is wanted any more: the seats come back, slowly.
  for (const decision of decided.slice()) if (decision.type === "go") decision.release();
  for (let round = 0; round < 400; round++) {
    await clock.advance(10_000);
    for (const decision of decided.splice(0)) if (decision.type === "go") decision.release();
    fairness.adjust();
  }
  assert.ok(low.current < after, `${low.current} < ${after}`);
});
