import type { Probe } from "../types.ts";
import type { ProbeOutcome } from "./outcome.ts";

export type ProbeKind = "liveness" | "readiness" | "startup";
export type Verdict = "success" | "failure" | "unknown";

/** Where one probe of one container stands. */
export interface ProbeState {
  readonly result: Verdict;
  readonly last: Verdict | undefined;
  /** How often in a row the last outcome came. */
  readonly run: number;
  /** Nothing more to find out for this container: it is being restarted, or has started. */
  readonly onHold: boolean;
}

/** What holds before the first probe: alive, not ready, not started. */
export function initialProbeState(kind: ProbeKind): ProbeState {
  const result: Verdict = kind === "liveness" ? "success" : kind === "readiness" ? "failure" : "unknown";
  return { result, last: undefined, run: 0, onHold: false };
}

/** Takes in an outcome. Probes that could not be carried out count for nothing. */
export function probeStep(kind: ProbeKind, probe: Probe, state: ProbeState, outcome: ProbeOutcome): ProbeState {
  const { verdict } = outcome;
  if (verdict === "unknown") return state;
  const run = state.last === verdict ? state.run + 1 : 1;
  const threshold = verdict === "success" ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  if (run < threshold) return { ...state, last: verdict, run };
  const restarts = kind !== "readiness" && verdict === "failure";
  const started = kind === "startup" && verdict === "success";
  return { result: verdict, last: verdict, run, onHold: restarts || started };
}
