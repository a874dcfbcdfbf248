import { type Selector, selectorFromObject } from "../../apimachinery/index.ts";
import type { Node, Pod, PodAffinityTerm } from "../../api/index.ts";
import {
  maxNodeScore,
  type NodeFilter,
  type NodeScorer,
  type Refusal,
  type SchedulerPlugin,
} from "../framework/contract.ts";
import type { NodeTable } from "../cache/node-table.ts";

const name = "InterPodAffinity";
const affinityRefusal: Refusal = { plugin: name, reason: "node(s) didn't match pod affinity rules", resolvable: false };
const antiAffinityRefusal: Refusal = {
  plugin: name,
  reason: "node(s) didn't match pod anti-affinity rules",
  resolvable: true,
};
const existingRefusal: Refusal = {
  plugin: name,
  reason: "node(s) didn't satisfy existing pods anti-affinity rules",
  resolvable: true,
};
/** Upstream's HardPodAffinityWeight. */
const hardAffinityWeight = 1;

/** Labels of a namespace, for `namespaceSelector`. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

interface Term {
  readonly key: string;
  readonly selector: Selector;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: Selector | undefined;
}

/** Topology value → weight, per topology key: `key\0value`. */
type Counts = Map<string, number>;
const domainKey = (key: string, value: string): string => `${key}\0${value}`;

const compiled = new WeakMap<PodAffinityTerm, Term>();

function compileTerm(pod: Pod, term: PodAffinityTerm): Term {
  const known = compiled.get(term);
  if (known !== undefined) return known;
  const named = term.namespaces ?? [];
  const made: Term = {
    key: term.topologyKey,
    selector: selectorFromObject(withLabelKeys(pod, term)),
    namespaces: new Set(
      named.length === 0 && term.namespaceSelector === undefined ? [pod.metadata.namespace ?? ""] : named,
    ),
    namespaceSelector: term.namespaceSelector === undefined ? undefined : selectorFromObject(term.namespaceSelector),
  };
  compiled.set(term, made);
  return made;
}

function withLabelKeys(
  pod: Pod,
  { labelSelector, matchLabelKeys, mismatchLabelKeys }: PodAffinityTerm,
): PodAffinityTerm["labelSelector"] {
  const labels = pod.metadata.labels ?? {};
  const expressions = (keys: readonly string[] | undefined, operator: "In" | "NotIn") =>
    (keys ?? []).flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));
  const extra = [...expressions(matchLabelKeys, "In"), ...expressions(mismatchLabelKeys, "NotIn")];
  if (extra.length === 0 || labelSelector === undefined) return labelSelector;
  return { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...extra] };
}

/** Pods that want to be near, or far from, other pods. Upstream: "Inter-pod affinity and anti-affinity". */
export function interPodAffinity(namespaceLabels: NamespaceLabels): SchedulerPlugin {
  const matches = (term: Term, pod: Pod): boolean => {
    const namespace = pod.metadata.namespace ?? "";
    const inside =
      term.namespaces.has(namespace) || (term.namespaceSelector?.matches(namespaceLabels(namespace)) ?? false);
    return inside && term.selector.matches(pod.metadata.labels ?? {});
  };
  return {
    name,
    events: ["AssignedPodAdd", "AssignedPodUpdate", "AssignedPodDelete", "NodeAdd", "NodeUpdateLabel"],
    filter: (pod, nodes) => filterOf(pod, nodes, matches),
    score: (pod, nodes) => scorerOf(pod, nodes, matches),
  };
}

type Matches = (term: Term, pod: Pod) => boolean;

function filterOf(pod: Pod, nodes: NodeTable, matches: Matches): NodeFilter | undefined {
  const affinity = requiredTerms(pod, "podAffinity");
  const anti = requiredTerms(pod, "podAntiAffinity");
  if (affinity.length === 0 && anti.length === 0 && nodes.podsWithRequiredAntiAffinity === 0) return undefined;
  const existing = existingAntiAffinity(pod, nodes, matches);
  const wanted =
    affinity.length === 0
      ? new Map()
      : countMatching(nodes, (other) => affinity.every((term) => matches(term, other)), affinity);
  const unwanted = countTermByTerm(nodes, anti, matches);
  const first = affinity.length > 0 && wanted.size === 0 && affinity.every((term) => matches(term, pod));
  return (row) => {
    const labels = nodes.node(row).metadata.labels ?? {};
    if (!satisfiesAffinity(labels, affinity, wanted, first)) return affinityRefusal;
    if (hasAny(labels, anti, unwanted)) return antiAffinityRefusal;
    return existing.size > 0 && blockedByExisting(labels, existing) ? existingRefusal : undefined;
  };
}

type Labels = Readonly<Record<string, string>>;

function satisfiesAffinity(labels: Labels, terms: readonly Term[], counts: Counts, first: boolean): boolean {
  for (const { key } of terms) {
    const value = labels[key];
    if (value === undefined) return false;
    // The first pod of a group that wants to be near itself may start anywhere.
    if (!first && !counts.has(domainKey(key, value))) return false;
  }
  return true;
}

function hasAny(labels: Labels, terms: readonly Term[], counts: Counts): boolean {
  return terms.some(({ key }) => labels[key] !== undefined && counts.has(domainKey(key, labels[key])));
}

function blockedByExisting(labels: Labels, counts: Counts): boolean {
  for (const key of Object.keys(labels)) if (counts.has(domainKey(key, labels[key] ?? ""))) return true;
  return false;
}

function requiredTerms(pod: Pod, side: "podAffinity" | "podAntiAffinity"): Term[] {
  const terms = pod.spec?.affinity?.[side]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map((term) => compileTerm(pod, term));
}

function bump(counts: Counts, node: Node, key: string, by: number): void {
  const value = node.metadata.labels?.[key];
  if (value === undefined) return;
  const domain = domainKey(key, value);
  counts.set(domain, (counts.get(domain) ?? 0) + by);
}

/** Domains where placed pods refuse this pod. */
function existingAntiAffinity(pod: Pod, nodes: NodeTable, matches: Matches): Counts {
  const counts: Counts = new Map();
  if (nodes.podsWithRequiredAntiAffinity === 0) return counts;
  for (const row of nodes.live) {
    for (const other of nodes.record(row).podsWithRequiredAntiAffinity.values()) {
      for (const term of requiredTerms(other, "podAntiAffinity")) {
        if (matches(term, pod)) bump(counts, nodes.node(row), term.key, 1);
      }
    }
  }
  return counts;
}

function countMatching(nodes: NodeTable, matching: (pod: Pod) => boolean, terms: readonly Term[]): Counts {
  const counts: Counts = new Map();
  for (const row of nodes.live) {
    for (const other of nodes.record(row).pods.values()) {
      if (matching(other)) for (const { key } of terms) bump(counts, nodes.node(row), key, 1);
    }
  }
  return counts;
}

function countTermByTerm(nodes: NodeTable, terms: readonly Term[], matches: Matches): Counts {
  const counts: Counts = new Map();
  if (terms.length === 0) return counts;
  for (const row of nodes.live) {
    for (const other of nodes.record(row).pods.values()) {
      for (const term of terms) if (matches(term, other)) bump(counts, nodes.node(row), term.key, 1);
    }
  }
  return counts;
}

function scorerOf(pod: Pod, nodes: NodeTable, matches: Matches): NodeScorer | undefined {
  const near = preferredTerms(pod, "podAffinity");
  const far = preferredTerms(pod, "podAntiAffinity");
  if (near.length === 0 && far.length === 0 && nodes.podsWithAffinity === 0) return undefined;
  const counts: Counts = new Map();
  const lookAtAll = near.length > 0 || far.length > 0;
  for (const row of nodes.live) {
    const record = nodes.record(row);
    for (const other of lookAtAll ? record.pods.values() : record.podsWithAffinity.values()) {
      for (const { term, weight } of near) if (matches(term, other)) bump(counts, nodes.node(row), term.key, weight);
      for (const { term, weight } of far) if (matches(term, other)) bump(counts, nodes.node(row), term.key, -weight);
      if (record.podsWithAffinity.has(other.metadata.uid ?? ""))
        addWishesOf(other, pod, nodes.node(row), counts, matches);
    }
  }
  if (counts.size === 0) return undefined;
  return {
    score(row) {
      const labels = nodes.node(row).metadata.labels ?? {};
      let sum = 0;
      for (const key of Object.keys(labels)) sum += counts.get(domainKey(key, labels[key] ?? "")) ?? 0;
      return sum;
    },
    normalize: normalizeRange,
  };
}

/** What a placed pod thinks of the new one counts as well. */
function addWishesOf(other: Pod, pod: Pod, node: Node, counts: Counts, matches: Matches): void {
  for (const term of requiredTerms(other, "podAffinity")) {
    if (matches(term, pod)) bump(counts, node, term.key, hardAffinityWeight);
  }
  for (const { term, weight } of preferredTerms(other, "podAffinity"))
    if (matches(term, pod)) bump(counts, node, term.key, weight);
  for (const { term, weight } of preferredTerms(other, "podAntiAffinity"))
    if (matches(term, pod)) bump(counts, node, term.key, -weight);
}

function preferredTerms(pod: Pod, side: "podAffinity" | "podAntiAffinity"): { term: Term; weight: number }[] {
  const terms = pod.spec?.affinity?.[side]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map(({ podAffinityTerm, weight }) => ({ term: compileTerm(pod, podAffinityTerm), weight }));
}

function normalizeRange(scores: Float64Array): void {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    lowest = Math.min(lowest, score);
    highest = Math.max(highest, score);
  }
  const range = highest - lowest;
  for (let index = 0; index < scores.length; index++) {
    scores[index] = range > 0 ? Math.floor((maxNodeScore * ((scores[index] ?? 0) - lowest)) / range) : 0;
  }
}
