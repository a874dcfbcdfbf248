import { selectorFromObject } from "../../apimachinery/index.ts";
import type { Pod, PodDisruptionBudget } from "../../api/index.ts";
import type { NodeTable } from "../cache/node-table.ts";
import { isPodRefusal, type NodeFilter, type Refusal } from "../framework/contract.ts";
import type { Profile } from "../framework/profile.ts";
import { countReasons } from "./diagnosis.ts";
import { type Diagnosis, firstRefusal } from "./find-node.ts";

const notHelpful = { reason: "Preemption is not helpful for scheduling" };
const noVictims = { reason: "No preemption victims found for incoming pod" };

export type Preemption =
  | { readonly type: "nominate"; readonly node: string; readonly victims: readonly Pod[] }
  | { readonly type: "none"; readonly message: string };

interface Candidate {
  readonly node: string;
  readonly victims: readonly Pod[];
  readonly violations: number;
}

/** Upstream: at least 100 candidates or 10 % of the nodes are looked at. */
const candidatesMin = 100;
const candidatesPercent = 10;

const priorityOf = (pod: Pod): number => pod.spec?.priority ?? 0;
const startOf = (pod: Pod): string => pod.status?.startTime ?? "";

/** More important pods come first: higher priority, then started earlier. */
const moreImportant = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || startOf(a).localeCompare(startOf(b));

/**
 * Finds the node where removing the least important pods makes room. The table is changed while trying and put back.
 * Upstream: DefaultPreemption.
 */
export function preempt(
  pod: Pod,
  nodes: NodeTable,
  profile: Profile,
  diagnosis: Diagnosis,
  budgets: readonly PodDisruptionBudget[],
): Preemption {
  if (pod.spec?.preemptionPolicy === "Never") return none("not eligible due to preemptionPolicy=Never.");
  if (waitsForVictims(pod, nodes)) return none("not eligible due to a terminating pod on the nominated node.");
  const hopeful = [...diagnosis.refusals].filter(([, refusal]) => refusal.resolvable).map(([row]) => row);
  const outcome: { reason: string }[] = [];
  for (let left = diagnosis.nodes - hopeful.length; left > 0; left--) outcome.push(notHelpful);
  const limit = Math.max(candidatesMin, Math.floor((hopeful.length * candidatesPercent) / 100));
  const candidates: Candidate[] = [];
  for (const row of hopeful) {
    if (candidates.length >= limit) break;
    const found = tryNode(pod, nodes, profile, row, budgets);
    if ("victims" in found) candidates.push(found);
    else outcome.push(found);
  }
  const [chosen] = candidates.toSorted(compareCandidates);
  if (chosen !== undefined) return { type: "nominate", node: chosen.node, victims: chosen.victims };
  return none(`0/${diagnosis.nodes} nodes are available: ${countReasons(outcome).join(", ")}.`);
}

function none(message: string): Preemption {
  return { type: "none", message };
}

/** Victims of an earlier attempt are still going: their room will come. */
function waitsForVictims(pod: Pod, nodes: NodeTable): boolean {
  const row = nodes.row(pod.status?.nominatedNodeName ?? "");
  if (row === undefined) return false;
  return [...nodes.record(row).pods.values()].some(
    (other) => other.metadata.deletionTimestamp !== undefined && priorityOf(other) < priorityOf(pod),
  );
}

function filtersFor(pod: Pod, nodes: NodeTable, profile: Profile): NodeFilter[] | undefined {
  const filters: NodeFilter[] = [];
  for (const plugin of profile.plugins) {
    const filter = plugin.filter?.(pod, nodes);
    if (isPodRefusal(filter)) return undefined;
    if (filter !== undefined) filters.push(filter);
  }
  return filters;
}

function fits(pod: Pod, nodes: NodeTable, profile: Profile, row: number): Refusal | undefined | "never" {
  const filters = filtersFor(pod, nodes, profile);
  return filters === undefined ? "never" : firstRefusal(filters, row);
}

/** Takes all less important pods away, then gives back as many as fit, the most important first. */
function tryNode(
  pod: Pod,
  nodes: NodeTable,
  profile: Profile,
  row: number,
  budgets: readonly PodDisruptionBudget[],
): Candidate | { readonly reason: string } {
  const node = nodes.record(row).name;
  const lower = [...nodes.record(row).pods.values()].filter((other) => priorityOf(other) < priorityOf(pod));
  if (lower.length === 0) return noVictims;
  const remove = (other: Pod) => nodes.removePod(other.metadata.uid ?? "", node);
  for (const other of lower) remove(other);
  try {
    const refusal = fits(pod, nodes, profile, row);
    if (refusal === "never") return notHelpful;
    if (refusal !== undefined) return { reason: refusal.reason };
    const { violating, others } = splitByBudgets(lower.toSorted(moreImportant), budgets);
    const victims: Pod[] = [];
    const reprieve = (other: Pod): boolean => {
      nodes.addPod(other, node);
      if (fits(pod, nodes, profile, row) === undefined) return true;
      remove(other);
      victims.push(other);
      return false;
    };
    const violations = violating.filter((other) => !reprieve(other)).length;
    for (const other of others) reprieve(other);
    return { node, victims: victims.toSorted(moreImportant), violations };
  } finally {
    for (const other of lower) nodes.addPod(other, node);
  }
}

/** Pods whose eviction would break a disruption budget are given back first. */
function splitByBudgets(
  pods: readonly Pod[],
  budgets: readonly PodDisruptionBudget[],
): { violating: Pod[]; others: Pod[] } {
  const allowed = budgets.map(({ status }) => status?.disruptionsAllowed ?? 0);
  const violating: Pod[] = [];
  const others: Pod[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const [index, budget] of budgets.entries()) {
      if (!covers(budget, pod)) continue;
      allowed[index] = (allowed[index] ?? 0) - 1;
      if ((allowed[index] ?? 0) < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

function covers(budget: PodDisruptionBudget, pod: Pod): boolean {
  const labels = pod.metadata.labels ?? {};
  if (budget.metadata.namespace !== pod.metadata.namespace || Object.keys(labels).length === 0) return false;
  if (budget.status?.disruptedPods?.[pod.metadata.name ?? ""] !== undefined) return false;
  return budget.spec?.selector !== undefined && selectorFromObject(budget.spec.selector).matches(labels);
}

/** Fewest broken budgets, least important victims, smallest sum of priorities, fewest victims, latest started. */
function compareCandidates(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate) => (victims[0] === undefined ? 0 : priorityOf(victims[0]));
  const sum = ({ victims }: Candidate) => victims.reduce((total, victim) => total + priorityOf(victim) + 2 ** 31, 0);
  const earliest = ({ victims }: Candidate) =>
    victims.reduce((first, victim) => (startOf(victim) < first ? startOf(victim) : first), "~");
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    earliest(b).localeCompare(earliest(a))
  );
}
