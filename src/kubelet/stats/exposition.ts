import { podName, podNamespace } from "../pods/names.ts";
import type { NodeSample, PodSample, Usage } from "./collector.ts";

type Labels = Readonly<Record<string, string>>;

/** Prometheus text, family by family. */
class Exposition {
  readonly #families = new Map<string, { readonly head: string; readonly lines: string[] }>();

  add(name: string, type: "counter" | "gauge", help: string, labels: Labels, value: number, atMs?: number): void {
    const family = this.#families.get(name) ?? { head: `# HELP ${name} ${help}\n# TYPE ${name} ${type}`, lines: [] };
    this.#families.set(name, family);
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`);
    const stamp = atMs === undefined ? "" : ` ${Math.round(atMs)}`;
    family.lines.push(`${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}${stamp}`);
  }

  toString(): string {
    const parts = [...this.#families.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return parts.map(([, family]) => `${family.head}\n${family.lines.join("\n")}\n`).join("");
  }
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

const nanos = 1e9;

/** `/metrics/resource`: what autoscalers and the metrics server read. */
export function resourceMetrics(node: NodeSample, pods: readonly PodSample[]): string {
  const out = new Exposition();
  const cpuHelp = "[STABLE] Cumulative cpu time consumed by the";
  const memoryHelp = "[STABLE] Current working set of the";
  out.add(
    "node_cpu_usage_seconds_total",
    "counter",
    `${cpuHelp} node in core-seconds`,
    {},
    node.cpuNanos / nanos,
    node.atMs,
  );
  out.add("node_memory_working_set_bytes", "gauge", `${memoryHelp} node in bytes`, {}, node.workingSetBytes, node.atMs);
  out.add(
    "resource_scrape_error",
    "gauge",
    "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise",
    {},
    0,
  );
  for (const { pod, usage, containers } of pods) {
    const where = { namespace: podNamespace(pod), pod: podName(pod) };
    if (usage !== undefined) {
      out.add(
        "pod_cpu_usage_seconds_total",
        "counter",
        `${cpuHelp} pod in core-seconds`,
        where,
        usage.cpuNanos / nanos,
        usage.atMs,
      );
      out.add(
        "pod_memory_working_set_bytes",
        "gauge",
        `${memoryHelp} pod in bytes`,
        where,
        usage.workingSetBytes,
        usage.atMs,
      );
    }
    for (const one of containers) {
      const labels = { container: one.container.name, ...where };
      out.add(
        "container_cpu_usage_seconds_total",
        "counter",
        `${cpuHelp} container in core-seconds`,
        labels,
        one.usage.cpuNanos / nanos,
        one.usage.atMs,
      );
      out.add(
        "container_memory_working_set_bytes",
        "gauge",
        `${memoryHelp} container in bytes`,
        labels,
        one.usage.workingSetBytes,
        one.usage.atMs,
      );
      const startedMs = one.container.startedAtMs ?? one.container.createdAtMs;
      out.add(
        "container_start_time_seconds",
        "gauge",
        "[STABLE] Start time of the container since unix epoch in seconds",
        labels,
        startedMs / 1000,
      );
    }
  }
  return out.toString();
}

/** `/metrics/cadvisor`, with cAdvisor's names and labels. */
export function cadvisorMetrics(node: NodeSample, pods: readonly PodSample[]): string {
  const out = new Exposition();
  out.add("machine_cpu_cores", "gauge", "Number of logical CPU cores.", {}, node.cpus);
  out.add("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.", {}, node.memoryTotalBytes);
  addNode(out, node);
  for (const sample of pods) {
    const where = { namespace: podNamespace(sample.pod), pod: podName(sample.pod) };
    if (sample.usage !== undefined)
      addUsage(out, { container: "", id: sample.cgroup, image: "", name: "", ...where }, sample.usage);
    for (const one of sample.containers) {
      const labels = {
        container: one.container.name,
        id: one.cgroup,
        image: one.container.imageRef,
        name: one.container.id,
        ...where,
      };
      addUsage(out, labels, one.usage);
      out.add(
        "container_start_time_seconds",
        "gauge",
        "Start time of the container since unix epoch in seconds.",
        labels,
        (one.container.startedAtMs ?? one.container.createdAtMs) / 1000,
      );
    }
    addNetwork(out, { container: "", id: sample.cgroup, image: "", name: sample.sandboxId ?? "", ...where }, sample);
  }
  return out.toString();
}

function addNode(out: Exposition, node: NodeSample): void {
  const labels = { container: "", id: "/", image: "", name: "", namespace: "", pod: "" };
  out.add(
    "container_cpu_usage_seconds_total",
    "counter",
    cpuHelp,
    { ...labels, cpu: "total" },
    node.cpuNanos / nanos,
    node.atMs,
  );
  out.add(
    "container_memory_working_set_bytes",
    "gauge",
    "Current working set in bytes.",
    labels,
    node.workingSetBytes,
    node.atMs,
  );
  out.add("container_memory_usage_bytes", "gauge", usageHelp, labels, node.memoryUsedBytes, node.atMs);
  out.add("container_memory_rss", "gauge", "Size of RSS in bytes.", labels, node.rssBytes, node.atMs);
}

const cpuHelp = "Cumulative cpu time consumed in seconds.";
const usageHelp = "Current memory usage in bytes, including all memory regardless of when it was accessed";

function addUsage(out: Exposition, labels: Labels, usage: Usage): void {
  const gauge = (name: string, help: string, value: number): void =>
    out.add(name, "gauge", help, labels, value, usage.atMs);
  const counter = (name: string, help: string, value: number, more: Labels = {}): void =>
    out.add(name, "counter", help, { ...labels, ...more }, value, usage.atMs);
  counter("container_cpu_usage_seconds_total", cpuHelp, usage.cpuNanos / nanos, { cpu: "total" });
  counter(
    "container_cpu_user_seconds_total",
    "Cumulative user cpu time consumed in seconds.",
    usage.cpuUserNanos / nanos,
  );
  counter(
    "container_cpu_system_seconds_total",
    "Cumulative system cpu time consumed in seconds.",
    usage.cpuSystemNanos / nanos,
  );
  counter("container_cpu_cfs_periods_total", "Number of elapsed enforcement period intervals.", usage.periods);
  counter("container_cpu_cfs_throttled_periods_total", "Number of throttled period intervals.", usage.throttledPeriods);
  counter(
    "container_cpu_cfs_throttled_seconds_total",
    "Total time duration the container has been throttled.",
    usage.throttledNanos / nanos,
  );
  gauge("container_memory_usage_bytes", usageHelp, usage.memoryBytes);
  gauge("container_memory_working_set_bytes", "Current working set in bytes.", usage.workingSetBytes);
  gauge("container_memory_rss", "Size of RSS in bytes.", usage.rssBytes);
  gauge("container_memory_cache", "Number of bytes of page cache memory.", usage.cacheBytes);
  gauge("container_memory_mapped_file", "Size of memory mapped files in bytes.", usage.mappedFileBytes);
  gauge("container_memory_swap", "Container swap usage in bytes.", usage.swapBytes);
  gauge("container_memory_max_usage_bytes", "Maximum memory usage recorded in bytes", usage.maxMemoryBytes);
  counter("container_memory_failcnt", "Number of memory usage hits limits", usage.failures);
  gauge("container_spec_memory_limit_bytes", "Memory limit for the container.", usage.memoryLimitBytes);
  gauge("container_processes", "Number of processes running inside the container.", usage.processes);
  gauge("container_last_seen", "Last time a container was seen by the exporter", Math.floor(usage.atMs / 1000));
}

function addNetwork(out: Exposition, labels: Labels, { network, usage }: PodSample): void {
  for (const one of network) {
    const counter = (name: string, help: string, value: number): void =>
      out.add(
        `container_network_${name}_total`,
        "counter",
        `Cumulative count of ${help}`,
        { ...labels, interface: one.name },
        value,
        usage?.atMs,
      );
    counter("receive_bytes", "bytes received", one.rxBytes);
    counter("receive_packets", "packets received", one.rxPackets);
    counter("receive_errors", "errors encountered while receiving", one.rxErrors);
    counter("receive_packets_dropped", "packets dropped while receiving", one.rxDropped);
    counter("transmit_bytes", "bytes transmitted", one.txBytes);
    counter("transmit_packets", "packets transmitted", one.txPackets);
    counter("transmit_errors", "errors encountered while transmitting", one.txErrors);
    counter("transmit_packets_dropped", "packets dropped while transmitting", one.txDropped);
  }
}
