import assert from "node:assert/strict";
import { test } from "node:test";
import { type Effect, type Input, initialState, resume, step, type WorkerState } from "./worker-state.ts";

/** Feeds inputs one after another and writes down what comes out, one line each. */
function transcript(inputs: readonly Input[], from: WorkerState = initialState): string[] {
  const lines: string[] = [];
  let state = from;
  for (const input of inputs) {
    const result = step(state, input);
    state = result.state;
    lines.push(
      `${nameOf(input)} → ${state.phase}${state.inFlight ? `(${state.inFlight})` : ""} ${result.effects.map(effect).join(",")}`.trim(),
    );
  }
  return lines;
}

function nameOf(input: Input): string {
  if (input.type === "ended") return `${input.operation} ${input.failed ? "failed" : "done"}`;
  return input.type === "changed" ? "changed" : `${input.type} ${input.gracePeriodSeconds}`;
}

function effect(value: Effect): string {
  if (value.type === "run")
    return `run ${value.operation}${value.gracePeriodSeconds === undefined ? "" : ` ${value.gracePeriodSeconds}s`}`;
  return value.type === "wake" ? `wake ${value.afterMs}` : value.type;
}

const done = (operation: "sync" | "terminate" | "clean", more: object = {}): Input => ({
  type: "ended",
  operation,
  failed: false,
  ...more,
});
const failure = (operation: "sync" | "terminate" | "clean"): Input => ({ type: "ended", operation, failed: true });
const changed: Input = { type: "changed" };

test("a change while a sync is in flight leads to exactly one more", () => {
  assert.deepEqual(transcript([changed, changed, changed, done("sync"), done("sync")]), [
    "changed → syncing(sync) run sync",
    "changed → syncing(sync)",
    "changed → syncing(sync)",
    "sync done → syncing(sync) run sync",
    "sync done → syncing",
  ]);
});

test("deletion interrupts the sync, then stops, cleans and waits for removal", () => {
  assert.deepEqual(
    transcript([
      changed,
      { type: "terminate", gracePeriodSeconds: 30 },
      failure("sync"),
      done("terminate"),
      done("clean"),
      { type: "removed", gracePeriodSeconds: 0 },
    ]),
    [
      "changed → syncing(sync) run sync",
      "terminate 30 → terminating(sync) interrupt",
      "sync failed → terminating(terminate) run terminate 30s",
      "terminate done → terminated(clean) run clean 30s",
      "clean done → finished",
      "removed 0 → finished forget",
    ],
  );
});

test("the grace period only ever shrinks, and a shorter one interrupts", () => {
  assert.deepEqual(
    transcript([
      { type: "terminate", gracePeriodSeconds: 30 },
      { type: "terminate", gracePeriodSeconds: 60 },
      { type: "terminate", gracePeriodSeconds: 1 },
      failure("terminate"),
    ]),
    [
      "terminate 30 → terminating(terminate) run terminate 30s",
      "terminate 60 → terminating(terminate)",
      "terminate 1 → terminating(terminate) interrupt",
      "terminate failed → terminating(terminate) run terminate 1s",
    ],
  );
});

test("a pod that ran to its end is stopped and cleaned without being deleted", () => {
  assert.deepEqual(transcript([changed, done("sync", { terminal: true }), done("terminate"), done("clean"), changed]), [
    "changed → syncing(sync) run sync",
    "sync done → terminating(terminate) run terminate 0s",
    "terminate done → terminated(clean) run clean 0s",
    "clean done → finished",
    "changed → finished",
  ]);
});

test("failures are retried later and later", () => {
  assert.deepEqual(transcript([changed, failure("sync"), changed, failure("sync"), changed, failure("sync")]), [
    "changed → syncing(sync) run sync",
    "sync failed → syncing wake 250",
    "changed → syncing(sync) run sync",
    "sync failed → syncing wake 500",
    "changed → syncing(sync) run sync",
    "sync failed → syncing wake 1000",
  ]);
});

test("a pod removed by force ends and is forgotten", () => {
  assert.deepEqual(
    transcript([changed, { type: "removed", gracePeriodSeconds: 1 }, done("sync"), done("terminate"), done("clean")]),
    [
      "changed → syncing(sync) run sync",
      "removed 1 → terminating(sync) interrupt",
      "sync done → terminating(terminate) run terminate 1s",
      "terminate done → terminated(clean) run clean 1s",
      "clean done → finished forget",
    ],
  );
});

test("a cleaning that failed is resumed as cleaning", () => {
  const cleaning: WorkerState = { ...initialState, phase: "terminated", inFlight: "clean", gracePeriodSeconds: 0 };
  const after = step(cleaning, failure("clean"));
  assert.deepEqual(after.effects, [{ type: "wake", afterMs: 250 }]);
  assert.deepEqual(resume(after.state).effects, [{ type: "run", operation: "clean", gracePeriodSeconds: 0 }]);
});

test("never two operations at once, whatever comes in", () => {
  const inputs: Input[] = [
    changed,
    { type: "terminate", gracePeriodSeconds: 5 },
    { type: "removed", gracePeriodSeconds: 0 },
  ];
  const explore = (state: WorkerState, depth: number): void => {
    if (depth === 0) return;
    const outcomes: Input[] =
      state.inFlight === undefined
        ? []
        : [done(state.inFlight), failure(state.inFlight), done(state.inFlight, { terminal: true })];
    for (const input of [...inputs, ...outcomes]) {
      const next = step(state, input);
      const runs = next.effects.filter((one) => one.type === "run").length;
      const busy = state.inFlight !== undefined && input.type !== "ended";
      assert.ok(runs <= (busy ? 0 : 1), `${JSON.stringify(state)} ${nameOf(input)}`);
      explore(next.state, depth - 1);
    }
  };
  explore(initialState, 6);
});
