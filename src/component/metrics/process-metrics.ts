import type { Clock } from "../../base/index.ts";
import { release } from "../version.ts";
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

/** What runs here. Of a build there is nothing to tell: sources run as they are. */
function addVersionMetrics(registry: MetricsRegistry): void {
  const { major, minor, gitVersion, binaryVersion, emulationVersion, minCompatibilityVersion } = release;
  const commit = ["", "clean", "1970-01-01T00:00:00Z"];
  const platform = `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;
  registry
    .gauges({
      name: "kubernetes_build_info",
      help: "1, labelled by what was built.",
      stability: "BETA",
      labels: [
        ...(["major", "minor", "git_version", "git_commit", "git_tree_state", "build_date"] as const),
        ...(["go_version", "compiler", "platform"] as const),
      ],
    })
    .with(major, minor, gitVersion, ...commit, `node${process.version}`, "typescript", platform)
    .set(1);
  registry
    .gauges({
      name: "version_info",
      help: "1, labelled by the versions that this component is and behaves like.",
      labels: ["component", "binary", "emulation", "min_compat"],
    })
    .with("kube", binaryVersion, emulationVersion, minCompatibilityVersion)
    .set(1);
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
  addVersionMetrics(registry);
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
