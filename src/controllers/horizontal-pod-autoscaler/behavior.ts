import type { HorizontalPodAutoscaler, HPAScalingPolicy, HPAScalingRules } from "../../api/index.ts";

export interface Recommendation {
  readonly replicas: number;
  readonly atMs: number;
}

/** A change of size that was made. */
export interface ScaleEvent {
  /** Always positive. */
  readonly change: number;
  readonly atMs: number;
}

export interface History {
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
}

export const noHistory: History = { recommendations: [], ups: [], downs: [] };

export interface Limited {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
  /** The recommendation was held back for the sake of calm. */
  readonly stabilized: "up" | "down" | undefined;
}

const defaultUp: readonly HPAScalingPolicy[] = [
  { type: "Pods", value: 4, periodSeconds: 15 },
  { type: "Percent", value: 100, periodSeconds: 15 },
];
const defaultDown: readonly HPAScalingPolicy[] = [{ type: "Percent", value: 100, periodSeconds: 15 }];
const defaultDownStabilizationSeconds = 300;

/** What remains of a recommendation within the windows, policies and bounds of the autoscaler. */
export function limit(
  autoscaler: HorizontalPodAutoscaler,
  history: History,
  current: number,
  desired: number,
  nowMs: number,
): Limited {
  const { behavior, minReplicas = 1, maxReplicas } = autoscaler.spec;
  const stable = stabilize(behavior?.scaleUp, behavior?.scaleDown, history, current, desired, nowMs);
  const stabilized = stable === desired ? undefined : stable > desired ? "down" : "up";
  if (stable > current)
    return { ...limitUp(behavior?.scaleUp, history, current, stable, maxReplicas, nowMs), stabilized };
  if (stable < current)
    return { ...limitDown(behavior?.scaleDown, history, current, stable, minReplicas, nowMs), stabilized };
  return {
    replicas: stable,
    reason: "DesiredWithinRange",
    message: "the desired count is within the acceptable range",
    stabilized,
  };
}

/** Not lower than the highest of the recent recommendations, nor higher than the lowest: each with its own window. */
function stabilize(
  up: HPAScalingRules | undefined,
  down: HPAScalingRules | undefined,
  { recommendations }: History,
  current: number,
  desired: number,
  nowMs: number,
): number {
  const within = (seconds: number): number[] =>
    recommendations.filter(({ atMs }) => nowMs - atMs < seconds * 1000).map(({ replicas }) => replicas);
  const lowest = Math.min(desired, ...within(up?.stabilizationWindowSeconds ?? 0));
  const highest = Math.max(desired, ...within(down?.stabilizationWindowSeconds ?? defaultDownStabilizationSeconds));
  return Math.min(Math.max(current, lowest), highest);
}

function changes(events: readonly ScaleEvent[], periodSeconds: number, nowMs: number): number {
  return events.filter(({ atMs }) => nowMs - atMs < periodSeconds * 1000).reduce((sum, { change }) => sum + change, 0);
}

type Bounded = Omit<Limited, "stabilized">;

function limitUp(
  rules: HPAScalingRules | undefined,
  history: History,
  current: number,
  desired: number,
  max: number,
  nowMs: number,
): Bounded {
  const policies = rules?.policies === undefined || rules.policies.length === 0 ? defaultUp : rules.policies;
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = current - changes(history.ups, periodSeconds, nowMs) + changes(history.downs, periodSeconds, nowMs);
    return type === "Pods" ? start + value : Math.ceil(start * (1 + value / 100));
  });
  const allowed = Math.max(current, select(rules, limits, "up", current));
  const bound = Math.min(allowed, max);
  if (desired <= bound)
    return {
      replicas: desired,
      reason: "DesiredWithinRange",
      message: "the desired count is within the acceptable range",
    };
  if (max <= allowed)
    return {
      replicas: bound,
      reason: "TooManyReplicas",
      message: "the desired replica count is more than the maximum replica count",
    };
  return {
    replicas: bound,
    reason: "ScaleUpLimit",
    message: "the desired replica count is increasing faster than the maximum scale rate",
  };
}

function limitDown(
  rules: HPAScalingRules | undefined,
  history: History,
  current: number,
  desired: number,
  min: number,
  nowMs: number,
): Bounded {
  const policies = rules?.policies === undefined || rules.policies.length === 0 ? defaultDown : rules.policies;
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = current - changes(history.ups, periodSeconds, nowMs) + changes(history.downs, periodSeconds, nowMs);
    return type === "Pods" ? start - value : Math.floor(start * (1 - value / 100));
  });
  const allowed = Math.min(current, select(rules, limits, "down", current));
  const bound = Math.max(allowed, min);
  if (desired >= bound)
    return {
      replicas: desired,
      reason: "DesiredWithinRange",
      message: "the desired count is within the acceptable range",
    };
  if (min >= allowed)
    return {
      replicas: bound,
      reason: "TooFewReplicas",
      message: "the desired replica count is less than the minimum replica count",
    };
  return {
    replicas: bound,
    reason: "ScaleDownLimit",
    message: "the desired replica count is decreasing faster than the maximum scale rate",
  };
}

/** `Max` is the policy that allows the most change. */
function select(
  rules: HPAScalingRules | undefined,
  limits: readonly number[],
  direction: "up" | "down",
  current: number,
): number {
  const policy = rules?.selectPolicy ?? "Max";
  if (policy === "Disabled") return current;
  return (policy === "Max") === (direction === "up") ? Math.max(...limits) : Math.min(...limits);
}

/** The history with one more recommendation, and with what is too old for anyone left out. */
export function remember(
  history: History,
  replicas: number,
  { spec }: HorizontalPodAutoscaler,
  nowMs: number,
): History {
  const { scaleUp, scaleDown } = spec.behavior ?? {};
  const windowMs =
    Math.max(
      scaleUp?.stabilizationWindowSeconds ?? 0,
      scaleDown?.stabilizationWindowSeconds ?? defaultDownStabilizationSeconds,
    ) * 1000;
  const longest = (rules: HPAScalingRules | undefined): number =>
    Math.max(15, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds)) * 1000;
  const eventsMs = Math.max(longest(scaleUp), longest(scaleDown));
  const recent = (atMs: number, ms: number): boolean => nowMs - atMs < ms;
  return {
    recommendations: [
      ...history.recommendations.filter(({ atMs }) => recent(atMs, windowMs)),
      { replicas, atMs: nowMs },
    ],
    ups: history.ups.filter(({ atMs }) => recent(atMs, eventsMs)),
    downs: history.downs.filter(({ atMs }) => recent(atMs, eventsMs)),
  };
}

export function rememberScale(history: History, from: number, to: number, nowMs: number): History {
  if (to > from) return { ...history, ups: [...history.ups, { change: to - from, atMs: nowMs }] };
  return to < from ? { ...history, downs: [...history.downs, { change: from - to, atMs: nowMs }] } : history;
}
