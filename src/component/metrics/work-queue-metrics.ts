import type { UnfinishedWork, WorkQueueMetricsProvider } from "../../client/index.ts";
import { exponentialBuckets } from "./histogram.ts";
import type { MetricsRegistry } from "./registry.ts";

/** From ten nanoseconds to ten seconds, as upstream's. */
const buckets = exponentialBuckets(1e-8, 10, 10);

/** Upstream's `workqueue_*` series for every queue of a component. */
export function workQueueMetrics(registry: MetricsRegistry): WorkQueueMetricsProvider {
  const labels = ["name"] as const;
  const options = (name: string, help: string) => ({
    name: `workqueue_${name}`,
    help,
    labels,
    stability: "BETA" as const,
  });
  const adds = registry.counters(options("adds_total", "Keys put into the queue."));
  const depth = registry.gauges(options("depth", "Keys waiting in the queue."));
  const waited = registry.histograms({
    ...options("queue_duration_seconds", "How long a key waits before it is worked on."),
    buckets,
  });
  const worked = registry.histograms({ ...options("work_duration_seconds", "How long work on a key takes."), buckets });
  const retries = registry.counters(options("retries_total", "Keys put back after a failure."));
  const dropped = registry.counters({
    ...options("dropped_total", "Keys that found the queue full."),
    stability: "ALPHA",
  });
  const unfinished = registry.gauges(
    options("unfinished_work_seconds", "How long work that is under way has taken, all together."),
  );
  const longest = registry.gauges(
    options("longest_running_processor_seconds", "How long the work that began first has taken."),
  );
  const watched = new Map<string, () => UnfinishedWork>();
  registry.beforeRender(() => {
    for (const [queue, read] of watched) {
      const { totalSeconds, longestSeconds } = read();
      unfinished.with(queue).set(totalSeconds);
      longest.with(queue).set(longestSeconds);
    }
  });
  return (queue) => {
    const series = {
      adds: adds.with(queue),
      depth: depth.with(queue),
      waited: waited.with(queue),
      worked: worked.with(queue),
      retries: retries.with(queue),
      dropped: dropped.with(queue),
    };
    return {
      added: () => series.adds.increment(),
      depth: (length) => series.depth.set(length),
      waited: (seconds) => series.waited.observe(seconds),
      worked: (seconds) => series.worked.observe(seconds),
      retried: () => series.retries.increment(),
      dropped: () => series.dropped.increment(),
      watch: (read) => void watched.set(queue, read),
    };
  };
}
