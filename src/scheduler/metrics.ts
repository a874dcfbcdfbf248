import { exponentialBuckets, type MetricsRegistry } from "../component/index.ts";
import type { SchedulerCache } from "./cache/scheduler-cache.ts";
import type { SchedulingQueue } from "./queue/scheduling-queue.ts";

export type AttemptResult = "scheduled" | "unschedulable" | "error";

/** What a scheduler tells of its work. Times are milliseconds. */
export interface SchedulerMetrics {
  /** A pod entered a part of the queue because of an event. */
  incoming(queue: "active" | "backoff" | "unschedulable" | "gated", event: string): void;
  /** A node was looked for. */
  searched(tookMs: number): void;
  /** An attempt to place a pod has ended. */
  attempted(result: AttemptResult, tookMs: number): void;
  /** A pod is bound, after so many attempts and so long since it was first seen. */
  placed(attempts: number, sinceSeenMs: number): void;
  /** Room was looked for by removing pods. */
  preempted(victims: number): void;
  extensionPoint(
    name: "Filter" | "PostFilter" | "Score" | "PreBind" | "Bind",
    status: "Success" | "Error" | "Unschedulable",
    tookMs: number,
  ): void;
  /** A plug-in judged a pod on so many nodes. */
  evaluated(step: "filter" | "score", plugin: string, nodes: number): void;
  /** Where gauges are read from when they are shown. */
  watch(queue: SchedulingQueue, cache: SchedulerCache, counts: SchedulerCounts): void;
}

export interface SchedulerCounts {
  /** Pods that a gate keeps from the queue. */
  readonly gated: () => number;
  /** Pods on their way to their nodes. */
  readonly binding: () => number;
}

/** Upstream's names of events, where they are longer. */
const eventLabels: Readonly<Record<string, string>> = {
  NodeUpdateAllocatable: "NodeUpdateNodeAllocatable",
  NodeUpdateLabel: "NodeUpdateNodeLabel",
  NodeUpdateTaint: "NodeUpdateNodeTaint",
  NodeUpdateCondition: "NodeUpdateNodeCondition",
};

/** Upstream's `scheduler_*` series of one profile. */
export function schedulerMetrics(registry: MetricsRegistry, profile = "default-scheduler"): SchedulerMetrics {
  const placing = placingSeries(registry, profile);
  const queued = registry.counters({
    name: "scheduler_queue_incoming_pods_total",
    help: "Pods added to scheduling queues by event and queue.",
    stability: "STABLE",
    labels: ["queue", "event"],
  });
  const points = registry.histograms({
    name: "scheduler_framework_extension_point_duration_seconds",
    help: "How long all plug-ins of an extension point take.",
    stability: "STABLE",
    labels: ["extension_point", "status", "profile"],
    buckets: exponentialBuckets(0.0001, 2, 12),
  });
  return {
    ...placing,
    incoming: (queue, event) => queued.with(queue, eventLabels[event] ?? event).increment(),
    extensionPoint: (name, status, tookMs) => points.with(name, status, profile).observe(tookMs / 1000),
    evaluated: evaluationSeries(registry, profile),
    watch: (queue, cache, counts) => watchGauges(registry, profile, queue, cache, counts),
  };
}

/** Those of upstream's plug-ins that look at a pod before they look at nodes; a filter or score here does both. */
const preFilters: ReadonlySet<string> = new Set([
  ...["DynamicResources", "InterPodAffinity", "NodeAffinity", "NodeDeclaredFeatures", "NodePorts", "NodeResourcesFit"],
  ...["NodeVolumeLimits", "PodTopologySpread", "VolumeBinding", "VolumeRestrictions", "VolumeZone"],
]);
const preScores: ReadonlySet<string> = new Set([
  ...["InterPodAffinity", "NodeAffinity", "NodeResourcesBalancedAllocation", "NodeResourcesFit"],
  ...["PodTopologySpread", "TaintToleration", "VolumeBinding"],
]);

function evaluationSeries(registry: MetricsRegistry, profile: string): SchedulerMetrics["evaluated"] {
  const evaluations = registry.counters({
    name: "scheduler_plugin_evaluation_total",
    help: "How often plug-ins judged pods, and pods on nodes.",
    stability: "BETA",
    labels: ["plugin", "extension_point", "profile"],
  });
  const pointsOf = (step: "filter" | "score", plugin: string) => {
    const [pre, point, hasPre] =
      step === "filter" ? (["PreFilter", "Filter", preFilters] as const) : (["PreScore", "Score", preScores] as const);
    return {
      pod: hasPre.has(plugin) ? evaluations.with(plugin, pre, profile) : undefined,
      nodes: evaluations.with(plugin, point, profile),
    };
  };
  const known = {
    filter: new Map<string, ReturnType<typeof pointsOf>>(),
    score: new Map<string, ReturnType<typeof pointsOf>>(),
  };
  return (step, plugin, nodes) => {
    let points = known[step].get(plugin);
    if (points === undefined) {
      points = pointsOf(step, plugin);
      known[step].set(plugin, points);
    }
    points.pod?.increment();
    points.nodes.increment(nodes);
  };
}

type Placing = Pick<SchedulerMetrics, "searched" | "attempted" | "placed" | "preempted">;

function placingSeries(registry: MetricsRegistry, profile: string): Placing {
  const stability = "STABLE";
  const milliseconds = exponentialBuckets(0.001, 2, 15);
  const attempts = registry.counters({
    name: "scheduler_schedule_attempts_total",
    help: "Attempts to schedule pods, by result.",
    stability,
    labels: ["result", "profile"],
  });
  const attemptSeconds = registry.histograms({
    name: "scheduler_scheduling_attempt_duration_seconds",
    help: "How long an attempt takes, from the search to the binding.",
    stability,
    labels: ["result", "profile"],
    buckets: milliseconds,
  });
  const search = registry
    .histograms({
      name: "scheduler_scheduling_algorithm_duration_seconds",
      help: "How long the search takes.",
      buckets: milliseconds,
    })
    .with();
  const needed = registry
    .histograms({
      name: "scheduler_pod_scheduling_attempts",
      help: "Attempts that it took to schedule a pod.",
      stability,
      buckets: exponentialBuckets(1, 2, 5),
    })
    .with();
  const sli = registry.histograms({
    name: "scheduler_pod_scheduling_sli_duration_seconds",
    help: "How long pods take from the queue to their node, possibly in several attempts.",
    stability: "BETA",
    labels: ["attempts"],
    buckets: exponentialBuckets(0.01, 2, 20),
  });
  const preemptions = registry.counter({
    name: "scheduler_preemption_attempts_total",
    help: "Searches for pods to be preempted.",
    stability,
  });
  const victims = registry
    .histograms({
      name: "scheduler_preemption_victims",
      help: "Pods that were chosen to be preempted.",
      stability,
      buckets: exponentialBuckets(1, 2, 7),
    })
    .with();
  return {
    searched: (tookMs) => search.observe(tookMs / 1000),
    attempted(result, tookMs) {
      attempts.with(result, profile).increment();
      attemptSeconds.with(result, profile).observe(tookMs / 1000);
    },
    placed(count, sinceSeenMs) {
      needed.observe(count);
      sli.with(count > 15 ? "15+" : String(count)).observe(sinceSeenMs / 1000);
    },
    preempted(count) {
      preemptions.increment();
      if (count > 0) victims.observe(count);
    },
  };
}

function watchGauges(
  registry: MetricsRegistry,
  profile: string,
  queue: SchedulingQueue,
  cache: SchedulerCache,
  { gated, binding }: SchedulerCounts,
): void {
  const pending = registry.gauges({
    name: "scheduler_pending_pods",
    help: "Pods that wait, by the part of the queue.",
    stability: "STABLE",
    labels: ["queue"],
  });
  const refused = registry.gauges({
    name: "scheduler_unschedulable_pods",
    help: "Pods that wait because a plug-in refused them.",
    stability: "BETA",
    labels: ["plugin", "profile"],
  });
  const size = registry.gauges({
    name: "scheduler_cache_size",
    help: "Nodes, pods and assumed pods in the scheduler's cache.",
    labels: ["type"],
  });
  const working = registry.gauges({
    name: "scheduler_goroutines",
    help: "What the scheduler does in the background, by kind: pods that are being bound.",
    stability: "BETA",
    labels: ["operation"],
  });
  registry.beforeRender(() => {
    working.with("binding").set(binding());
    const { active, backoff, unschedulable } = queue.sizes;
    pending.with("active").set(active);
    pending.with("backoff").set(backoff);
    pending.with("unschedulable").set(unschedulable);
    pending.with("gated").set(gated());
    refused.clear();
    for (const plugin of queue.refusingPlugins()) refused.with(plugin, profile).increment();
    const { nodes, pods, assumed } = cache.sizes;
    size.with("nodes").set(nodes);
    size.with("pods").set(pods);
    size.with("assumed_pods").set(assumed);
  });
}
