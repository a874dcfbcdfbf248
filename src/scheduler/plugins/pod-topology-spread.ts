import { everything, type Selector, selectorFromObject } from "../../apimachinery/index.ts";
import type { Node, Pod, TopologySpreadConstraint } from "../../api/index.ts";
import type { NodeFilter, NodeScorer, Refusal, SchedulerPlugin } from "../framework/contract.ts";
import { maxNodeScore } from "../framework/contract.ts";
import type { NodeTable } from "../cache/node-table.ts";
import { requiredNodes } from "./node-affinity.ts";
import { tolerates } from "./tolerations.ts";

const name = "PodTopologySpread";
const noLabel: Refusal = {
  plugin: name,
  reason: "node(s) didn't match pod topology spread constraints (missing required label)",
  resolvable: false,
};
const skewed: Refusal = {
  plugin: name,
  reason: "node(s) didn't match pod topology spread constraints",
  resolvable: true,
};
const hostnameLabel = "kubernetes.io/hostname";

interface Constraint {
  readonly key: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  readonly selfMatch: number;
  /** Whether a node counts as a domain of this constraint. */
  readonly eligible: (node: Node) => boolean;
}

/** Upstream's constraints for pods that state none: `defaultingType: System`. */
export const systemDefaultConstraints: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostnameLabel, whenUnsatisfiable: "ScheduleAnyway", maxSkew: 3 },
  { topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway", maxSkew: 5 },
];

/** The pods that count as siblings when a pod states no constraint itself: those of its Services and controllers. */
export type SiblingSelector = (pod: Pod) => Selector | undefined;

/** Spreads pods over zones, nodes or any other label of nodes. Upstream: "Pod Topology Spread Constraints". */
export function podTopologySpread(siblings: SiblingSelector): SchedulerPlugin {
  return {
    name,
    events: [
      "NodeAdd",
      "NodeUpdateLabel",
      "NodeUpdateTaint",
      "AssignedPodAdd",
      "AssignedPodUpdate",
      "AssignedPodDelete",
    ],
    filter(pod, nodes): NodeFilter | undefined {
      const constraints = constraintsOf(pod, "DoNotSchedule");
      if (constraints.length === 0) return undefined;
      const counts = constraints.map((constraint) => countDomains(pod, constraint, constraints, nodes));
      return (row) => refuse(nodes.node(row), constraints, counts);
    },
    score(pod, nodes, rows): NodeScorer | undefined {
      const stated = constraintsOf(pod, "ScheduleAnyway");
      if (stated.length > 0) return spreadScorer(pod, stated, nodes, rows, true);
      if ((pod.spec?.topologySpreadConstraints ?? []).length > 0) return undefined;
      const selector = siblings(pod);
      if (selector === undefined) return undefined;
      const defaults = systemDefaultConstraints.map((constraint) => compile(pod, constraint, selector));
      return spreadScorer(pod, defaults, nodes, rows, false);
    },
  };
}

function constraintsOf(pod: Pod, mode: TopologySpreadConstraint["whenUnsatisfiable"]): Constraint[] {
  return (pod.spec?.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === mode)
    .map((constraint) => compile(pod, constraint, selectorOf(pod, constraint)));
}

function selectorOf(pod: Pod, { labelSelector, matchLabelKeys }: TopologySpreadConstraint): Selector {
  const labels = pod.metadata.labels ?? {};
  const extra = (matchLabelKeys ?? []).flatMap((key) =>
    labels[key] === undefined ? [] : [{ key, operator: "In" as const, values: [labels[key]] }],
  );
  if (extra.length === 0) return selectorFromObject(labelSelector);
  return selectorFromObject({
    ...labelSelector,
    matchExpressions: [...(labelSelector?.matchExpressions ?? []), ...extra],
  });
}

function compile(pod: Pod, constraint: TopologySpreadConstraint, selector: Selector): Constraint {
  const required = constraint.nodeAffinityPolicy === "Ignore" ? undefined : requiredNodes(pod);
  const honourTaints = constraint.nodeTaintsPolicy === "Honor";
  return {
    key: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector,
    selfMatch: selector.matches(pod.metadata.labels ?? {}) ? 1 : 0,
    eligible: (node) => (required === undefined || required(node)) && (!honourTaints || toleratesNode(pod, node)),
  };
}

function toleratesNode(pod: Pod, node: Node): boolean {
  const tolerations = pod.spec?.tolerations ?? [];
  return (node.spec?.taints ?? []).every(
    (taint) => taint.effect === "PreferNoSchedule" || tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

/** Matching pods per value of the topology label. */
function countDomains(
  pod: Pod,
  constraint: Constraint,
  all: readonly Constraint[],
  nodes: NodeTable,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of nodes.live) {
    const node = nodes.node(row);
    const labels = node.metadata.labels ?? {};
    const domain = labels[constraint.key];
    if (domain === undefined || !all.every(({ key }) => labels[key] !== undefined) || !constraint.eligible(node))
      continue;
    counts.set(domain, (counts.get(domain) ?? 0) + countMatching(pod, constraint.selector, nodes, row));
  }
  return counts;
}

function countMatching(pod: Pod, selector: Selector, nodes: NodeTable, row: number): number {
  let count = 0;
  const namespace = pod.metadata.namespace;
  for (const other of nodes.record(row).pods.values()) {
    if (other.metadata.namespace !== namespace || other.metadata.deletionTimestamp !== undefined) continue;
    if (selector === everything || selector.matches(other.metadata.labels ?? {})) count++;
  }
  return count;
}

function refuse(
  node: Node,
  constraints: readonly Constraint[],
  counts: readonly ReadonlyMap<string, number>[],
): Refusal | undefined {
  for (const [index, constraint] of constraints.entries()) {
    const domain = node.metadata.labels?.[constraint.key];
    if (domain === undefined) return noLabel;
    const domains = counts[index];
    if (domains === undefined) continue;
    const least = domains.size < constraint.minDomains ? 0 : Math.min(...domains.values());
    if ((domains.get(domain) ?? 0) + constraint.selfMatch - least > constraint.maxSkew) return skewed;
  }
  return undefined;
}

function spreadScorer(
  pod: Pod,
  constraints: readonly Constraint[],
  nodes: NodeTable,
  rows: readonly number[],
  requireAllLabels: boolean,
): NodeScorer | undefined {
  const ignored = new Set<number>();
  for (const row of rows) {
    const labels = nodes.node(row).metadata.labels ?? {};
    if (requireAllLabels && !constraints.every(({ key }) => labels[key] !== undefined)) ignored.add(row);
  }
  const counts = constraints.map((constraint) =>
    countDomains(pod, constraint, requireAllLabels ? constraints : [], nodes),
  );
  const weights = counts.map((domains) => Math.log(Math.max(domains.size, 1) + 2));
  return {
    score(row) {
      if (ignored.has(row)) return -1;
      const labels = nodes.node(row).metadata.labels ?? {};
      let sum = 0;
      for (const [index, { key, maxSkew }] of constraints.entries()) {
        const domain = labels[key];
        if (domain !== undefined) sum += (counts[index]?.get(domain) ?? 0) * (weights[index] ?? 0) + (maxSkew - 1);
      }
      return Math.round(sum);
    },
    normalize: normalizeSpread,
  };
}

/** Fewest matching pods is best; nodes without the labels get nothing. */
function normalizeSpread(scores: Float64Array): void {
  const counted = scores.filter((score) => score >= 0);
  const lowest = counted.length === 0 ? 0 : counted.reduce((a, b) => Math.min(a, b));
  const highest = counted.length === 0 ? 0 : counted.reduce((a, b) => Math.max(a, b));
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index] ?? 0;
    if (score < 0) scores[index] = 0;
    else
      scores[index] = highest === 0 ? maxNodeScore : Math.floor((maxNodeScore * (highest + lowest - score)) / highest);
  }
}
