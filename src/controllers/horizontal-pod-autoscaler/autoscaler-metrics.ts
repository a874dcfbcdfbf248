import { exponentialBuckets, type MetricsRegistry } from "../../component/index.ts";

/** What was decided: more pods, fewer, or as many as before. */
export type ScaleAction = "scale_up" | "scale_down" | "none";
/** Whose fault it was, if it failed: the autoscaler's own specification, or something else. */
export type ScaleError = "spec" | "internal" | "none";

/** What the autoscaler tells of its work. Times are milliseconds. */
export interface AutoscalerMetrics {
  reconciled(action: ScaleAction, error: ScaleError, tookMs: number): void;
  /** `type` is the metric's: `Resource`, `Pods`… */
  computed(type: string, action: ScaleAction, error: ScaleError, tookMs: number): void;
  desired(namespace: string, name: string, replicas: number): void;
  forget(namespace: string, name: string): void;
}

/** Upstream's series of the subsystem `horizontal_pod_autoscaler_controller`. */
export function autoscalerMetrics(registry: MetricsRegistry, count: () => number): AutoscalerMetrics {
  const of = (name: string, help: string) => ({ name: `horizontal_pod_autoscaler_controller_${name}`, help });
  const whole = ["action", "error"] as const;
  const single = ["action", "error", "metric_type"] as const;
  const buckets = exponentialBuckets(0.001, 2, 15);
  const stability = "BETA";
  const looks = registry.counters({
    ...of("reconciliations_total", "Looks at autoscalers, by what was decided and what failed."),
    ...{ labels: whole, stability },
  });
  const looksTook = registry.histograms({
    ...of("reconciliation_duration_seconds", "How long a look at an autoscaler takes."),
    ...{ labels: whole, stability, buckets },
  });
  const computations = registry.counters({
    ...of("metric_computation_total", "Sizes that single metrics ask for."),
    ...{ labels: single, stability },
  });
  const computationsTook = registry.histograms({
    ...of("metric_computation_duration_seconds", "How long it takes to find the size that one metric asks for."),
    ...{ labels: single, stability, buckets },
  });
  const autoscalers = registry.gauge(of("num_horizontal_pod_autoscalers", "Autoscalers that there are."));
  const sizes = registry.gauges({
    ...of("desired_replicas", "The size that each autoscaler wants."),
    labels: ["namespace", "hpa_name"],
  });
  registry.beforeRender(() => autoscalers.set(count()));
  return {
    reconciled(action, error, tookMs) {
      looks.with(action, error).increment();
      looksTook.with(action, error).observe(tookMs / 1000);
    },
    computed(type, action, error, tookMs) {
      computations.with(action, error, type).increment();
      computationsTook.with(action, error, type).observe(tookMs / 1000);
    },
    desired: (namespace, name, replicas) => sizes.with(namespace, name).set(replicas),
    forget: (namespace, name) => sizes.remove(namespace, name),
  };
}

export function actionOf(before: number, after: number): ScaleAction {
  if (after === before) return "none";
  return after > before ? "scale_up" : "scale_down";
}
