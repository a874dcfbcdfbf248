import type { HorizontalPodAutoscaler } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = { HorizontalPodAutoscaler: fillAutoscaler } as const;

const cpuUtilizationPercent = 80;
const otherMetrics = "autoscaling.alpha.kubernetes.io/metrics";

/** Without any metric, of which this version has only one as a field, that one gets upstream's usual value. */
function fillAutoscaler({ metadata, spec }: HorizontalPodAutoscaler): void {
  if (metadata.annotations?.[otherMetrics] === undefined) spec.targetCPUUtilizationPercentage ??= cpuUtilizationPercent;
}
