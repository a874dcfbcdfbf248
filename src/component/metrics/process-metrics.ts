import type { Clock } from "../../base/index.ts";
import type { MetricsRegistry } from "./registry.ts";

/** Upstream's counters of metrics by their stability, and of those that the command line hides or turns off: none. */
function addMetricsOfMetrics(registry: MetricsRegistry): void {
  const stability = "BETA";
  const registered = registry.counters({
    name: "registered_metrics_total",
    help: "Metrics by their stability and the version that deprecated them.",
    labels: ["stability_level", "deprecated_version"],
    stability,
  });
  registry.counter({ name: "hidden_metrics_total", help: "Metrics that are hidden.", stability });
  registry.counter({ name: "disabled_metrics_total", help: "Metrics that are turned off.", stability });
  registry.beforeRender(() => {
    registered.clear();
    for (const [level, count] of registry.countByStability()) registered.with(level, "").increment(count);
  });
}

/** The metrics of the process itself, by the names that every Prometheus client uses. */
export function addProcessMetrics(registry: MetricsRegistry, clock: Clock): void {
  const internal = { stability: "INTERNAL" } as const;
  const cpu = registry.counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
    ...internal,
  });
  const resident = registry.gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
    ...internal,
  });
  const heapUsed = registry.gauge({
    name: "nodejs_heap_size_used_bytes",
    help: "Used part of the JavaScript heap in bytes.",
    ...internal,
  });
  const heapTotal = registry.gauge({
    name: "nodejs_heap_size_total_bytes",
    help: "Size of the JavaScript heap in bytes.",
    ...internal,
  });
  const start = registry.gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since the Unix epoch in seconds.",
    ...internal,
  });
  addMetricsOfMetrics(registry);
  start.set(clock.now() / 1000 - process.uptime());
  registry.beforeRender(() => {
    const { user, system } = process.cpuUsage();
    cpu.increment((user + system) / 1e6 - cpu.value);
    const memory = process.memoryUsage();
    resident.set(memory.rss);
    heapUsed.set(memory.heapUsed);
    heapTotal.set(memory.heapTotal);
  });
}
