import type { Clock } from "../../../base/index.ts";
import type { MetricsRegistry } from "../../../component/index.ts";

/** Told what the rules of custom resources cost. Seconds. */
export interface RuleTimes {
  compiled(seconds: number): void;
  evaluated(seconds: number): void;
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function ruleTimes(registry: MetricsRegistry): RuleTimes {
  const series = (name: string, help: string) =>
    registry.histogram({ name: `apiserver_cel_${name}_duration_seconds`, help, stability: "BETA", buckets });
  const compilation = series("compilation", "How long the rules of a version take to compile.");
  const evaluation = series("evaluation", "How long rules take to check an object.");
  return {
    compiled: (seconds) => compilation.observe(seconds),
    evaluated: (seconds) => evaluation.observe(seconds),
  };
}

/** Does the work and tells how long it took. */
export function timed<R>(clock: Clock, tell: (seconds: number) => void, work: () => R): R {
  const beganMs = clock.monotonic();
  try {
    return work();
  } finally {
    tell((clock.monotonic() - beganMs) / 1000);
  }
}
