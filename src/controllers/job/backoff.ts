import type { Pod } from "../../api/index.ts";
import { finishedAtMs } from "./job-state.ts";

/** Upstream's figures: 10 s after the first failure in a row, doubling to ten minutes. */
const baseMs = 10_000;
const maxMs = 600_000;

/** Failures since the last success, and when the last of them was. */
export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailureMs: number | undefined;
}

export const noBackoff: BackoffRecord = { failures: 0, lastFailureMs: undefined };

/** Takes newly finished pods into account, in the order in which they finished. */
export function recordFinished(
  record: BackoffRecord,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
  nowMs: number,
): BackoffRecord {
  const lastSuccess = succeeded.reduce(
    (latest, pod) => Math.max(latest, finishedAtMs(pod, nowMs)),
    Number.NEGATIVE_INFINITY,
  );
  const failures = failed.map((pod) => finishedAtMs(pod, nowMs)).filter((time) => time > lastSuccess);
  const before = succeeded.length > 0 ? 0 : record.failures;
  const previous = succeeded.length > 0 ? undefined : record.lastFailureMs;
  if (failures.length === 0) return { failures: before, lastFailureMs: previous };
  return {
    failures: before + failures.length,
    lastFailureMs: Math.max(...failures, previous ?? Number.NEGATIVE_INFINITY),
  };
}

/** Milliseconds until the next pod may be made. */
export function remainingBackoffMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failures === 0 || lastFailureMs === undefined) return 0;
  const delay = Math.min(baseMs * 2 ** (failures - 1), maxMs);
  return Math.max(0, lastFailureMs + delay - nowMs);
}
