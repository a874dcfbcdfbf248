import type { PriorityLevelConfiguration, QueuingConfiguration } from "../../api/index.ts";
import type { LevelSeries } from "./flow-metrics.ts";
import type { SeatLimits } from "./limits.ts";
import { QueueSet, type QueueSetConfig } from "./queue-set.ts";
import type { Waiting } from "./waiting.ts";

/** One priority level while it is in use. */
export class PriorityLevel {
  readonly name: string;
  readonly uid: string;
  readonly exempt: boolean;
  /** Undefined for exempt levels. */
  readonly queues: QueueSet<Waiting> | undefined;
  limits: SeatLimits;
  dispatched = 0;
  rejected = 0;
  timedOut = 0;
  cancelled = 0;
  /** Of exempt levels. */
  executing = 0;

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
    const config = configOf(spec.limited?.limitResponse?.queuing);
    if (this.exempt) this.queues = undefined;
    else if (before?.queues === undefined) this.queues = new QueueSet(config, limits.nominal, nowMs);
    else {
      this.queues = before.queues;
      for (const { data } of before.queues.configure(config, limits.nominal, nowMs)) data.go();
    }
    if (before === undefined) return;
    this.dispatched = before.dispatched;
    this.rejected = before.rejected;
    this.timedOut = before.timedOut;
    this.cancelled = before.cancelled;
  }

  get idle(): boolean {
    return this.executing === 0 && (this.queues === undefined || this.queues.waiting + this.queues.executing === 0);
  }

  show({ nominal, lower, upper, current }: LevelSeries): void {
    nominal.set(this.limits.nominal);
    lower.set(this.limits.lower);
    upper.set(this.limits.upper);
    current.set(this.limits.nominal);
  }
}

/** Absent: `limitResponse` of type Reject. Defaults are upstream's. */
function configOf(queuing: QueuingConfiguration | undefined): QueueSetConfig {
  if (queuing === undefined) return { queues: 0, handSize: 0, queueLengthLimit: 0 };
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = queuing;
  return { queues, handSize, queueLengthLimit };
}
