import type { PriorityLevelConfiguration, QueuingConfiguration } from "../../api/index.ts";
import { requestSeatsMax, type SeatLimits } from "./limits.ts";
import { QueueSet, type QueueSetConfig } from "./queue-set.ts";
import { RetryAfter } from "./retry-after.ts";
import type { ObservedDemand } from "./seat-demand.ts";
import type { Waiting } from "./waiting.ts";

/** One priority level while it is in use. */
export class PriorityLevel {
  readonly name: string;
  readonly uid: string;
  readonly exempt: boolean;
  /** Undefined for exempt levels. */
  readonly queues: QueueSet<Waiting> | undefined;
  readonly limits: SeatLimits;
  /** Most seats of one request. */
  readonly requestSeatsMax: number;
  readonly retryAfter: RetryAfter;
  /** Seats that there are now: lent out, or borrowed. */
  current: number;
  /** Seats wanted, over time. */
  smoothed = 0;
  dispatched = 0;
  rejected = 0;
  timedOut = 0;
  cancelled = 0;
  /** Of exempt levels. */
  executing = 0;
  /** Of exempt levels: the most at once in this period. */
  executingPeak = 0;

  constructor(
    { metadata, spec }: PriorityLevelConfiguration,
    limits: SeatLimits,
    nowMs: number,
    before: PriorityLevel | undefined,
  ) {
    this.name = metadata.name ?? "";
    this.uid = metadata.uid ?? "";
    this.exempt = spec.type === "Exempt";
    this.limits = limits;
    this.requestSeatsMax = requestSeatsMax(spec, limits.nominal);
    const config = configOf(spec.limited?.limitResponse?.queuing);
    this.current = limits.nominal;
    this.retryAfter = before?.retryAfter ?? new RetryAfter();
    if (this.exempt) this.queues = undefined;
    else if (before?.queues === undefined) this.queues = new QueueSet(config, limits.nominal, nowMs);
    else {
      this.queues = before.queues;
      for (const { data } of before.queues.configure(config, limits.nominal, nowMs)) data.go();
    }
    if (before === undefined) return;
    this.smoothed = before.smoothed;
    this.dispatched = before.dispatched;
    this.rejected = before.rejected;
    this.timedOut = before.timedOut;
    this.cancelled = before.cancelled;
  }

  get idle(): boolean {
    return this.executing === 0 && (this.queues === undefined || this.queues.waiting + this.queues.executing === 0);
  }

  /** What the level wanted in the period that ends now. */
  takeDemand(nowMs: number): ObservedDemand {
    if (this.queues !== undefined) return this.queues.takeDemand(nowMs);
    const { executing, executingPeak } = this;
    this.executingPeak = executing;
    return { high: executingPeak, average: executing, deviation: 0 };
  }

  resize(seats: number, nowMs: number): void {
    this.current = seats;
    for (const { data } of this.queues?.resize(seats, nowMs) ?? []) data.go();
  }
}

/** Absent: `limitResponse` of type Reject. Defaults are upstream's. */
function configOf(queuing: QueuingConfiguration | undefined): QueueSetConfig {
  if (queuing === undefined) return { queues: 0, handSize: 0, queueLengthLimit: 0 };
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = queuing;
  return { queues, handSize, queueLengthLimit };
}
