import type { CronJob } from "../../api/index.ts";
import { timeOf } from "../../reconcile/index.ts";
import type { Schedule } from "./schedule.ts";

export interface Due {
  /** The last time that should have started a job and has not yet; `undefined` when nothing is due. */
  readonly scheduledMs: number | undefined;
  /** So many were missed that something must be wrong. */
  readonly tooMany: boolean;
}

const manyMissed = 100;

/** The most recent scheduled time since the last one that was acted on. */
export function dueTime({ metadata, spec, status }: CronJob, schedule: Schedule, nowMs: number): Due {
  const last = timeOf(status?.lastScheduleTime) ?? timeOf(metadata.creationTimestamp) ?? nowMs;
  const { startingDeadlineSeconds } = spec;
  // What is past its deadline need not be looked at.
  const earliest =
    startingDeadlineSeconds === undefined ? last : Math.max(last, nowMs - startingDeadlineSeconds * 1000);
  let scheduledMs: number | undefined;
  let missed = 0;
  for (let time = schedule.next(earliest); time !== undefined && time <= nowMs; time = schedule.next(time)) {
    scheduledMs = time;
    missed += 1;
    if (missed > manyMissed) return { scheduledMs: skipAhead(schedule, time, nowMs), tooMany: true };
  }
  return { scheduledMs, tooMany: false };
}

/** The last time before now, without walking through years of minutes. */
function skipAhead(schedule: Schedule, fromMs: number, nowMs: number): number {
  let spanMs = 60_000;
  for (;;) {
    const startMs = Math.max(fromMs, nowMs - spanMs);
    let found: number | undefined;
    for (let time = schedule.next(startMs); time !== undefined && time <= nowMs; time = schedule.next(time))
      found = time;
    if (found !== undefined) return found;
    if (startMs === fromMs) return fromMs;
    spanMs *= 2;
  }
}
