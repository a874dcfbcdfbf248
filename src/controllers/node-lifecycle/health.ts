import type { Lease, Node, NodeCondition } from "../../api/index.ts";
import { formatTime, parseTime } from "../../apimachinery/index.ts";
import { canonicalJson, findCondition, timeOf } from "../../reconcile/index.ts";

/** What is remembered of a node between two looks. Times are this process's own (monotonic). */
export interface NodeHealth {
  /** When the node last gave a sign of life: a changed status or a renewed lease. */
  readonly probedAtMs: number;
  /** The Ready condition's heartbeat and state as last seen. */
  readonly seen: string;
  readonly renewTime: string | undefined;
}

export interface HealthInput {
  readonly node: Node;
  readonly lease: Lease | undefined;
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly gracePeriodMs: number;
  readonly startupGracePeriodMs: number;
}

export interface HealthStep {
  readonly health: NodeHealth;
  /** The Ready condition as the node had it. */
  readonly observed: "True" | "False" | "Unknown";
  /** The same after this step. */
  readonly current: "True" | "False" | "Unknown";
  /** Set when the node has been silent too long: its conditions become Unknown. */
  readonly conditions?: NodeCondition[];
}

/** Conditions that only the kubelet knows, and that are unknown without it. */
const kubeletConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** Judges one node. Pure: times come in, what to write goes out. */
export function healthStep(previous: NodeHealth | undefined, input: HealthInput): HealthStep {
  const { node, lease, monotonicMs, wallMs } = input;
  const ready = findCondition(node.status?.conditions, "Ready");
  const renewTime = lease?.spec.renewTime;
  const seen = seenOf(ready);
  const alive =
    previous === undefined ||
    previous.seen !== seen ||
    (renewTime !== undefined && isLater(renewTime, previous.renewTime));
  const probedAtMs = alive ? firstProbe(previous, input) : previous.probedAtMs;
  const health: NodeHealth = { probedAtMs, seen, renewTime: renewTime ?? previous?.renewTime };
  const observed = statusOf(ready);
  // A node that never said anything gets a little longer.
  const graceMs = ready === undefined ? input.startupGracePeriodMs : input.gracePeriodMs;
  if (monotonicMs <= probedAtMs + graceMs) return { health, observed, current: observed };
  const conditions = unknownConditions(node, wallMs);
  const changed =
    statusOf(ready) !== "Unknown" ||
    ready === undefined ||
    conditions.length !== (node.status?.conditions ?? []).length;
  return { health, observed, current: "Unknown", ...(changed ? { conditions } : {}) };
}

/** What makes one state of the Ready condition differ from another. */
export function seenOf(ready: NodeCondition | undefined): string {
  return canonicalJson([ready?.status, ready?.lastHeartbeatTime, ready?.lastTransitionTime]);
}

/** A node seen for the first time without any status is as old as its object, not as young as this process. */
function firstProbe(previous: NodeHealth | undefined, { node, monotonicMs, wallMs }: HealthInput): number {
  const silent = findCondition(node.status?.conditions, "Ready") === undefined;
  if (previous !== undefined || !silent) return monotonicMs;
  const age = wallMs - (timeOf(node.metadata.creationTimestamp) ?? wallMs);
  return monotonicMs - Math.max(0, age);
}

function statusOf(condition: NodeCondition | undefined): "True" | "False" | "Unknown" {
  return condition?.status === "True" || condition?.status === "False" ? condition.status : "Unknown";
}

function unknownConditions(node: Node, wallMs: number): NodeCondition[] {
  const time = formatTime(wallMs);
  const conditions = (node.status?.conditions ?? []).map((condition): NodeCondition => {
    if (!kubeletConditions.includes(condition.type) || condition.status === "Unknown") return condition;
    const message = "Kubelet stopped posting node status.";
    return { ...condition, status: "Unknown", reason: "NodeStatusUnknown", message, lastTransitionTime: time };
  });
  for (const type of kubeletConditions) {
    if (findCondition(conditions, type) !== undefined) continue;
    conditions.push({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: node.metadata.creationTimestamp ?? time,
      lastTransitionTime: time,
    });
  }
  return conditions;
}

function isLater(a: string, b: string | undefined): boolean {
  return b === undefined || (parseTime(a) ?? 0) > (parseTime(b) ?? 0);
}
