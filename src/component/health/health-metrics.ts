import type { MetricsRegistry } from "../metrics/index.ts";

/** Told of each check that was made: its name, its endpoint, and whether it was well. */
export type HealthObserver = (name: string, type: string, well: boolean) => void;

/** `kubernetes_healthcheck` and `kubernetes_healthchecks_total`: what `/metrics/slis` shows. */
export function healthMetrics(registry: MetricsRegistry): HealthObserver {
  const latest = registry.gauges({
    name: "kubernetes_healthcheck",
    help: "1 for a check that was well when it was last asked for, 0 for one that was not.",
    stability: "STABLE",
    labels: ["name", "type"],
  });
  const all = registry.counters({
    name: "kubernetes_healthchecks_total",
    help: "Results of all health checks.",
    stability: "STABLE",
    labels: ["name", "type", "status"],
  });
  return (name, type, well) => {
    latest.with(name, type).set(well ? 1 : 0);
    all.with(name, type, well ? "success" : "error").increment();
  };
}
