/**
 * The life of one pod on this node, as a pure state machine. A pod is synced until it has to end, then terminated (its
 * containers stopped), then cleaned (volumes, cgroup, directories). At most one of these operations is in flight.
 */
export type Phase = "syncing" | "terminating" | "terminated" | "finished";
export type Operation = "sync" | "terminate" | "clean";

export interface WorkerState {
  readonly phase: Phase;
  readonly inFlight: Operation | undefined;
  /** Something came in while the operation was in flight: do it again. */
  readonly again: boolean;
  /** Seconds; only ever shrinks. Undefined until the pod has to end. */
  readonly gracePeriodSeconds: number | undefined;
  /** The pod is gone from its source. */
  readonly removed: boolean;
  /** Failures in a row of the current operation. */
  readonly failures: number;
}

export const initialState: WorkerState = {
  phase: "syncing",
  inFlight: undefined,
  again: false,
  gracePeriodSeconds: undefined,
  removed: false,
  failures: 0,
};

export type Input =
  /** The pod was added or changed, something happened in the runtime, a timer went off. */
  | { readonly type: "changed" }
  /** The pod has to end: deleted, evicted, past its deadline, or all its containers are done. */
  | { readonly type: "terminate"; readonly gracePeriodSeconds: number }
  /** Gone from the source it came from. */
  | { readonly type: "removed"; readonly gracePeriodSeconds: number }
  /** The operation in flight ended. `terminal`: the pod has run to its end; `settled`: what it did is complete. */
  | {
      readonly type: "ended";
      readonly operation: Operation;
      readonly failed: boolean;
      readonly terminal?: boolean;
      /** Milliseconds until it should be looked at again whatever happens. */
      readonly wakeAfterMs?: number;
    };

export type Effect =
  | { readonly type: "run"; readonly operation: Operation; readonly gracePeriodSeconds: number | undefined }
  /** Abort the operation in flight: something more urgent waits for it. */
  | { readonly type: "interrupt" }
  | { readonly type: "wake"; readonly afterMs: number }
  | { readonly type: "forget" };

export interface Step {
  readonly state: WorkerState;
  readonly effects: readonly Effect[];
}

const retryInitialMs = 250;
const retryMaximumMs = 10_000;

export function step(state: WorkerState, input: Input): Step {
  switch (input.type) {
    case "changed":
      return schedule(state);
    case "terminate":
      return terminate(state, input.gracePeriodSeconds);
    case "removed":
      return remove(state, input.gracePeriodSeconds);
    case "ended":
      return ended(state, input);
  }
}

function schedule(state: WorkerState): Step {
  if (state.phase === "finished") return { state, effects: [] };
  if (state.inFlight !== undefined) return { state: { ...state, again: true }, effects: [] };
  if (state.phase === "terminated") return { state, effects: [] };
  return run(state, operationOf(state.phase));
}

function operationOf(phase: "syncing" | "terminating"): Operation {
  return phase === "syncing" ? "sync" : "terminate";
}

function run(state: WorkerState, operation: Operation): Step {
  return {
    state: { ...state, inFlight: operation, again: false },
    effects: [{ type: "run", operation, gracePeriodSeconds: state.gracePeriodSeconds }],
  };
}

function terminate(state: WorkerState, requested: number): Step {
  if (state.phase === "terminated" || state.phase === "finished") return { state, effects: [] };
  const before = state.gracePeriodSeconds;
  const gracePeriodSeconds = before === undefined ? requested : Math.min(before, requested);
  if (state.phase === "terminating" && gracePeriodSeconds === before) return { state, effects: [] };
  const next: WorkerState = { ...state, phase: "terminating", gracePeriodSeconds, failures: 0 };
  if (state.inFlight === undefined) return run(next, "terminate");
  return { state: { ...next, again: true }, effects: [{ type: "interrupt" }] };
}

function remove(state: WorkerState, gracePeriodSeconds: number): Step {
  const removed: WorkerState = { ...state, removed: true };
  if (state.phase === "finished") return { state: removed, effects: [{ type: "forget" }] };
  if (state.phase === "terminated") return { state: removed, effects: [] };
  return terminate(removed, gracePeriodSeconds);
}

function ended(state: WorkerState, input: Input & { readonly type: "ended" }): Step {
  const idle: WorkerState = { ...state, inFlight: undefined };
  if (input.failed) return failed(idle);
  const settled: WorkerState = { ...idle, failures: 0 };
  if (input.operation === "clean") return finish(settled);
  if (input.operation === "terminate") return stopped(settled);
  if (state.phase === "terminating") return run(settled, "terminate");
  if (input.terminal === true) return run({ ...settled, phase: "terminating", gracePeriodSeconds: 0 }, "terminate");
  if (state.again) return run(settled, "sync");
  if (input.wakeAfterMs === undefined) return { state: settled, effects: [] };
  return { state: settled, effects: [{ type: "wake", afterMs: input.wakeAfterMs }] };
}

/** All containers are down. A grace period that shrank meanwhile no longer matters. */
function stopped(state: WorkerState): Step {
  return run({ ...state, phase: "terminated" }, "clean");
}

function finish(state: WorkerState): Step {
  const finished: WorkerState = { ...state, phase: "finished" };
  return { state: finished, effects: state.removed ? [{ type: "forget" }] : [] };
}

function failed(state: WorkerState): Step {
  // Whatever came in is newer than the failure: try at once, but only the first time.
  const failures = state.failures + 1;
  const counted: WorkerState = { ...state, failures };
  if (state.again && failures === 1) return resume(counted);
  const afterMs = Math.min(retryInitialMs * 2 ** Math.min(failures - 1, 10), retryMaximumMs);
  return { state: { ...counted, again: false }, effects: [{ type: "wake", afterMs }] };
}

/** What a worker does next when nothing is in flight. */
export function resume(state: WorkerState): Step {
  if (state.inFlight !== undefined || state.phase === "finished") return { state, effects: [] };
  if (state.phase === "terminated") return run(state, "clean");
  return run(state, operationOf(state.phase));
}
