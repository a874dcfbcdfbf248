import type { Clock } from "../../base/index.ts";
import type { Histogram, HistogramFamily, MetricsRegistry } from "../../component/index.ts";
import type { AdmissionAttributes } from "./contract.ts";

type Kind = "admit" | "validate";
type Operation = AdmissionAttributes["operation"];

/** How long something takes, apart by whether it refused. Seconds. */
export interface TimedSeries {
  readonly passed: Histogram;
  readonly rejected: Histogram;
}

/** The series of one step for one operation: its own, and one for each plug-in in their order. */
export interface StepSeries {
  readonly step: TimedSeries;
  readonly plugins: readonly TimedSeries[];
}

/** Seconds; upstream's. */
const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

/** `apiserver_admission_step_*` and `apiserver_admission_controller_*`. Series are looked up once per resource. */
export class AdmissionMetrics {
  readonly clock: Clock;
  readonly #steps: HistogramFamily<"type" | "operation" | "rejected">;
  readonly #controllers: HistogramFamily<"name" | "type" | "operation" | "rejected">;

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.clock = clock;
    this.#steps = registry.histograms({
      name: "apiserver_admission_step_admission_duration_seconds",
      help: "How long all plug-ins of a step take, by what was asked.",
      stability: "STABLE",
      labels: ["type", "operation", "rejected"],
      buckets,
    });
    this.#controllers = registry.histograms({
      name: "apiserver_admission_controller_admission_duration_seconds",
      help: "How long an admission plug-in takes, by what was asked.",
      stability: "STABLE",
      labels: ["name", "type", "operation", "rejected"],
      buckets,
    });
  }

  series(type: Kind, operation: Operation, plugins: readonly { readonly name: string }[]): StepSeries {
    return {
      step: {
        passed: this.#steps.with(type, operation, "false"),
        rejected: this.#steps.with(type, operation, "true"),
      },
      plugins: plugins.map(({ name }) => ({
        passed: this.#controllers.with(name, type, operation, "false"),
        rejected: this.#controllers.with(name, type, operation, "true"),
      })),
    };
  }
}
