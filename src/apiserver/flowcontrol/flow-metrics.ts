import {
  type Counter,
  exponentialBuckets,
  type Gauge,
  type Histogram,
  type MetricsRegistry,
} from "../../component/index.ts";

/** What is counted for one flow schema at one priority level. */
export interface FlowSeries {
  readonly dispatched: Counter;
  readonly inQueue: Gauge;
  readonly executing: Gauge;
  readonly seats: Gauge;
  readonly waited: Histogram;
  readonly executed: Histogram;
  rejected(reason: string): Counter;
}

export interface LevelSeries {
  readonly nominal: Gauge;
  readonly lower: Gauge;
  readonly upper: Gauge;
  readonly current: Gauge;
}

export interface FlowMetrics {
  flow(level: string, schema: string): FlowSeries;
  level(name: string): LevelSeries;
}

const buckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

/** `apiserver_flowcontrol_*`. */
export function flowMetrics(registry: MetricsRegistry): FlowMetrics {
  const both = ["priority_level", "flow_schema"] as const;
  const of = (name: string, help: string) => ({ name: `apiserver_flowcontrol_${name}`, help });
  const gauges = (name: string, help: string) => registry.gauges({ ...of(name, help), labels: both });
  const levels = (name: string, help: string) => registry.gauges({ ...of(name, help), labels: ["priority_level"] });
  const dispatched = registry.counters({
    ...of("dispatched_requests_total", "Requests that were let go on."),
    stability: "BETA",
    labels: both,
  });
  const rejected = registry.counters({
    ...of("rejected_requests_total", "Requests that were refused."),
    stability: "BETA",
    labels: [...both, "reason"],
  });
  const inQueue = gauges("current_inqueue_requests", "Requests that wait.");
  const executing = gauges("current_executing_requests", "Requests being executed; watches while they begin.");
  const seats = gauges("current_executing_seats", "Seats of the requests being executed.");
  const waited = registry.histograms({
    ...of("request_wait_duration_seconds", "How long requests wait in queues."),
    labels: [...both, "execute"],
    buckets,
  });
  const executed = registry.histograms({
    ...of("request_execution_duration_seconds", "How long requests execute."),
    labels: [...both, "type"],
    buckets: exponentialBuckets(0.005, 2, 14),
  });
  const nominal = levels("nominal_limit_seats", "Seats by share.");
  const lower = levels("lower_limit_seats", "Seats that are kept when others borrow.");
  const upper = levels("upper_limit_seats", "Seats that may be reached by borrowing.");
  const current = levels("current_limit_seats", "Seats that there are now.");
  return {
    flow: (level, schema) => ({
      dispatched: dispatched.with(level, schema),
      inQueue: inQueue.with(level, schema),
      executing: executing.with(level, schema),
      seats: seats.with(level, schema),
      waited: waited.with(level, schema, "true"),
      executed: executed.with(level, schema, "regular"),
      rejected: (reason) => rejected.with(level, schema, reason),
    }),
    level: (name) => ({
      nominal: nominal.with(name),
      lower: lower.with(name),
      upper: upper.with(name),
      current: current.with(name),
    }),
  };
}
