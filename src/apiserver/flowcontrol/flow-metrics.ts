import type { Counter, Gauge, Histogram, MetricsRegistry } from "../../component/index.ts";
import type { SeatLimits } from "./limits.ts";
import type { ObservedDemand } from "./seat-demand.ts";

/** What is counted for one flow schema at one priority level. */
export interface FlowSeries {
  readonly dispatched: Counter;
  readonly inQueue: Gauge;
  readonly executing: Gauge;
  readonly seats: Gauge;
  readonly waitingSeats: Gauge;
  readonly waited: Histogram;
  /** Requests of the queue when one came into it. */
  readonly queueLength: Histogram;
  readonly width: Histogram;
  readonly executed: Histogram;
  rejected(reason: string): Counter;
}

/** What one priority level is shown to have and to want. */
export interface LevelReading {
  readonly limits: SeatLimits;
  readonly current: number;
  readonly demand: ObservedDemand;
  readonly smoothed: number;
  /** What it would have at the fair fraction, without bounds. */
  readonly target: number;
}

export interface FlowMetrics {
  flow(level: string, schema: string): FlowSeries;
  level(name: string): (reading: LevelReading) => void;
  readonly fairFraction: Gauge;
}

/** Waiting times, seconds. */
const buckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

const both = ["priority_level", "flow_schema"] as const;
const of = (name: string, help: string) => ({ name: `apiserver_flowcontrol_${name}`, help });

/** `apiserver_flowcontrol_*`. */
export function flowMetrics(registry: MetricsRegistry): FlowMetrics {
  return {
    flow: flowSeries(registry),
    level: levelSeries(registry),
    fairFraction: registry.gauge(of("seat_fair_frac", "Part of what it wants that each level gets.")),
  };
}

function flowSeries(registry: MetricsRegistry): FlowMetrics["flow"] {
  const counters = (name: string, help: string) =>
    registry.counters({ ...of(name, help), stability: "BETA", labels: both });
  const dispatched = counters("dispatched_requests_total", "Requests that were let go on.");
  const rejected = registry.counters({
    ...of("rejected_requests_total", "Requests that were refused."),
    stability: "BETA",
    labels: [...both, "reason"],
  });
  const inQueue = registry.gauges({
    ...of("current_inqueue_requests", "Requests that wait."),
    stability: "BETA",
    labels: both,
  });
  const executing = registry.gauges({
    ...of("current_executing_requests", "Requests being executed; watches while they begin."),
    stability: "BETA",
    labels: both,
  });
  const seats = registry.gauges({
    ...of("current_executing_seats", "Seats of the requests being executed."),
    stability: "BETA",
    labels: both,
  });
  const waitingSeats = registry.gauges({
    ...of("current_inqueue_seats", "Seats of the requests that wait."),
    labels: both,
  });
  const waited = registry.histograms({
    ...of("request_wait_duration_seconds", "How long requests wait in queues."),
    stability: "BETA",
    labels: [...both, "execute"],
    buckets,
  });
  const executed = registry.histograms({
    ...of("request_execution_seconds", "How long requests execute; watches while they begin."),
    labels: [...both, "type"],
    buckets,
  });
  const queueLength = registry.histograms({
    ...of("request_queue_length_after_enqueue", "Length of a queue when a request has come into it."),
    labels: both,
    buckets: [0, 10, 25, 50, 100, 250, 500, 1000],
  });
  const width = registry.histograms({
    ...of("work_estimated_seats", "Seats that requests are taken to need."),
    labels: both,
    buckets: [1, 2, 4, 8, 16, 32, 64, 100],
  });
  return (level, schema) => ({
    dispatched: dispatched.with(level, schema),
    inQueue: inQueue.with(level, schema),
    executing: executing.with(level, schema),
    seats: seats.with(level, schema),
    waitingSeats: waitingSeats.with(level, schema),
    waited: waited.with(level, schema, "true"),
    executed: executed.with(level, schema, "regular"),
    queueLength: queueLength.with(level, schema),
    width: width.with(level, schema),
    rejected: (reason) => rejected.with(level, schema, reason),
  });
}

function levelSeries(registry: MetricsRegistry): FlowMetrics["level"] {
  const levels = (name: string, help: string, stability: "ALPHA" | "BETA" = "ALPHA") =>
    registry.gauges({ ...of(name, help), stability, labels: ["priority_level"] });
  const nominal = levels("nominal_limit_seats", "Seats by share.", "BETA");
  const lower = levels("lower_limit_seats", "Seats that are kept when others borrow.");
  const upper = levels("upper_limit_seats", "Seats that may be reached by borrowing.");
  const current = levels("current_limit_seats", "Seats that there are now.");
  const high = levels("demand_seats_high_watermark", "Most seats wanted at once in the last period.");
  const average = levels("demand_seats_average", "Seats wanted in the last period, on average.");
  const deviation = levels("demand_seats_stdev", "Deviation of the seats wanted in the last period.");
  const smoothed = levels("demand_seats_smoothed", "Seats wanted, smoothed over periods.");
  const target = levels("target_seats", "Seats that a level ought to have before bounds.");
  return (name) => (reading) => {
    nominal.with(name).set(reading.limits.nominal);
    lower.with(name).set(reading.limits.lower);
    upper.with(name).set(reading.limits.upper);
    current.with(name).set(reading.current);
    high.with(name).set(reading.demand.high);
    average.with(name).set(reading.demand.average);
    deviation.with(name).set(reading.demand.deviation);
    smoothed.with(name).set(reading.smoothed);
    target.with(name).set(reading.target);
  };
}
