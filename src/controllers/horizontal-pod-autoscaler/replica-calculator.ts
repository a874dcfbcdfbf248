import type { Pod } from "../../api/index.ts";
import { parseQuantity } from "../../apimachinery/index.ts";
import { podCondition, timeOf } from "../../reconcile/index.ts";
import type { PodMetric, PodMetrics } from "./metrics-client.ts";

export interface CalculatorConfig {
  /** A ratio this close to 1 changes nothing. */
  readonly toleranceUp: number;
  readonly toleranceDown: number;
  /** So long after its start a pod's CPU figure may still be of its start. */
  readonly cpuInitializationMs: number;
  /** So long after its start a pod may not have become ready yet. */
  readonly initialReadinessMs: number;
}

/** Upstream's defaults. */
export const defaultCalculatorConfig: CalculatorConfig = {
  toleranceUp: 0.1,
  toleranceDown: 0.1,
  cpuInitializationMs: 300_000,
  initialReadinessMs: 30_000,
};

export interface Proposal {
  readonly replicas: number;
  /** The figure that was compared, for the status: per cent, or thousandths. */
  readonly current: number;
  /** Thousandths per pod, where `current` is per cent. */
  readonly average: number;
}

export interface CalculatorInput {
  readonly pods: readonly Pod[];
  readonly metrics: PodMetrics;
  readonly currentReplicas: number;
  readonly nowMs: number;
  readonly config: CalculatorConfig;
  /** `cpu` is the one that pods use a lot of while they start. */
  readonly resource: string | undefined;
}

interface Groups {
  readonly ready: readonly Pod[];
  readonly unready: readonly Pod[];
  readonly missing: readonly Pod[];
}

function group({ pods, metrics, nowMs, config, resource }: CalculatorInput): Groups {
  const groups = { ready: [] as Pod[], unready: [] as Pod[], missing: [] as Pod[] };
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === "Failed") continue;
    const metric = metrics.get(pod.metadata.name ?? "");
    if (pod.status?.phase === "Pending" || pod.status?.phase === undefined) groups.unready.push(pod);
    else if (metric === undefined) groups.missing.push(pod);
    else if (resource === "cpu" && isStarting(pod, metric, nowMs, config)) groups.unready.push(pod);
    else groups.ready.push(pod);
  }
  return groups;
}

function isStarting(pod: Pod, metric: PodMetric, nowMs: number, config: CalculatorConfig): boolean {
  const ready = podCondition(pod, "Ready");
  const startMs = timeOf(pod.status?.startTime);
  if (ready === undefined || startMs === undefined) return true;
  const sinceMs = timeOf(ready.lastTransitionTime) ?? startMs;
  // In its first minutes: not ready, or a figure from before it was.
  if (startMs + config.cpuInitializationMs > nowMs)
    return ready.status === "False" || metric.atMs < sinceMs + metric.windowMs;
  // Later: never ready since it started.
  return ready.status === "False" && startMs + config.initialReadinessMs > sinceMs;
}

function withinTolerance(ratio: number, { toleranceUp, toleranceDown }: CalculatorConfig): boolean {
  return ratio >= 1 - toleranceDown && ratio <= 1 + toleranceUp;
}

function sum(pods: readonly Pod[], valueOf: (pod: Pod) => number): number {
  return pods.reduce((total, pod) => total + valueOf(pod), 0);
}

/** For a target in per cent of what pods request. Throws when a pod requests nothing. */
export function byUtilization(input: CalculatorInput, targetPercent: number, container?: string): Proposal {
  const groups = group(input);
  const { resource = "" } = input;
  const request = (pod: Pod): number => requestOf(pod, resource, container);
  const usage = (pod: Pod): number => input.metrics.get(pod.metadata.name ?? "")?.milli ?? 0;
  requireMetrics(groups);
  const requests = sum(groups.ready, request);
  const percent = requests === 0 ? 0 : Math.floor((sum(groups.ready, usage) * 100) / requests);
  const ratioOf = (pods: readonly Pod[], value: (pod: Pod) => number): number => {
    const wanted = sum(pods, request);
    return wanted === 0 ? 0 : (sum(pods, value) * 100) / wanted / targetPercent;
  };
  // Pods that tell nothing are taken to use their request when that would keep them, and nothing when not.
  const pessimistic = (pod: Pod): number => request(pod) * Math.max(1, targetPercent / 100);
  const replicas = rebalance(input, groups, ratioOf, usage, pessimistic);
  return { replicas, current: percent, average: Math.floor(sum(groups.ready, usage) / groups.ready.length) };
}

/** For a target in thousandths per pod. */
export function byAverageValue(input: CalculatorInput, targetMilli: number): Proposal {
  const groups = group(input);
  const usage = (pod: Pod): number => input.metrics.get(pod.metadata.name ?? "")?.milli ?? 0;
  requireMetrics(groups);
  const ratioOf = (pods: readonly Pod[], value: (pod: Pod) => number): number =>
    sum(pods, value) / pods.length / targetMilli;
  const replicas = rebalance(input, groups, ratioOf, usage, () => targetMilli);
  const average = Math.floor(sum(groups.ready, usage) / groups.ready.length);
  return { replicas, current: average, average };
}

function requireMetrics({ ready }: Groups): void {
  if (ready.length === 0) throw new Error("did not receive metrics for targeted pods (pods might be unready)");
}

function rebalance(
  { currentReplicas, config }: CalculatorInput,
  { ready, unready, missing }: Groups,
  ratioOf: (pods: readonly Pod[], value: (pod: Pod) => number) => number,
  usage: (pod: Pod) => number,
  pessimistic: (pod: Pod) => number,
): number {
  const ratio = ratioOf(ready, usage);
  const countsUnready = unready.length > 0 && ratio > 1;
  if (!countsUnready && missing.length === 0)
    return withinTolerance(ratio, config) ? currentReplicas : Math.ceil(ratio * ready.length);
  const silent = new Set(missing);
  const starting = new Set(countsUnready ? unready : []);
  const all = [...ready, ...missing, ...starting];
  const cautious = ratioOf(all, (pod) => {
    if (starting.has(pod)) return 0;
    if (silent.has(pod)) return ratio < 1 ? pessimistic(pod) : 0;
    return usage(pod);
  });
  const turned = (ratio < 1 && cautious > 1) || (ratio > 1 && cautious < 1);
  if (withinTolerance(cautious, config) || turned) return currentReplicas;
  const replicas = Math.ceil(cautious * all.length);
  const against = (cautious < 1 && replicas > currentReplicas) || (cautious > 1 && replicas < currentReplicas);
  return against ? currentReplicas : replicas;
}

/** For one figure, and a target for it as a whole: as many more pods as it is more. */
export function byValue(
  milli: number,
  targetMilli: number,
  currentReplicas: number,
  readyPods: number,
  config: CalculatorConfig,
): Proposal {
  const ratio = milli / targetMilli;
  const replicas =
    currentReplicas === 0
      ? Math.ceil(ratio)
      : withinTolerance(ratio, config)
        ? currentReplicas
        : Math.ceil(ratio * readyPods);
  return { replicas, current: milli, average: 0 };
}

/** For one figure, and a target for each pod's share of it. */
export function byShare(
  milli: number,
  targetMilli: number,
  currentReplicas: number,
  config: CalculatorConfig,
): Proposal {
  const ratio = currentReplicas === 0 ? Number.POSITIVE_INFINITY : milli / (targetMilli * currentReplicas);
  const replicas = withinTolerance(ratio, config) ? currentReplicas : Math.ceil(milli / targetMilli);
  return { replicas, current: milli, average: currentReplicas === 0 ? 0 : Math.ceil(milli / currentReplicas) };
}

function requestOf({ metadata, spec }: Pod, resource: string, container: string | undefined): number {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const counted = [...spec.containers, ...sidecars].filter(({ name }) => container === undefined || name === container);
  const pod = spec.resources?.requests?.[resource];
  if (pod !== undefined && container === undefined) return parseQuantity(pod).milliValue();
  return counted.reduce((total, { name, resources }) => {
    const request = resources?.requests?.[resource];
    if (request === undefined)
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`);
    return total + parseQuantity(request).milliValue();
  }, 0);
}
