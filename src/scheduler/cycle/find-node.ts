import type { Clock, Random } from "../../base/index.ts";
import type { Pod } from "../../api/index.ts";
import {
  isPodRefusal,
  type NodeFilter,
  type NodeScorer,
  type PodRefusal,
  type Refusal,
} from "../framework/contract.ts";
import type { NodeTable } from "../cache/node-table.ts";
import type { Profile } from "../framework/profile.ts";

/** Where a pod goes, or why nowhere. */
export type Placement =
  | {
      readonly type: "placed";
      readonly row: number;
      readonly name: string;
      readonly looked: number;
      readonly feasible: number;
    }
  | { readonly type: "refused"; readonly diagnosis: Diagnosis };

export interface Diagnosis {
  readonly nodes: number;
  /** Why each node was refused, by row. Empty when the pod was refused as such. */
  readonly refusals: ReadonlyMap<number, Refusal>;
  readonly podRefusal?: PodRefusal;
}

/** Upstream: minFeasibleNodesToFind, and at least 5 % of the nodes. */
const feasibleMin = 100;
const percentageMin = 5;

/** How many suitable nodes are enough to choose from. */
export function feasibleEnough(nodes: number, percentage: number): number {
  if (nodes < feasibleMin) return nodes;
  const percent = percentage === 0 ? Math.max(50 - Math.floor(nodes / 125), percentageMin) : percentage;
  if (percent >= 100) return nodes;
  return Math.max(Math.floor((nodes * percent) / 100), feasibleMin);
}

export interface CycleOptions {
  /** Where in the order of nodes to begin. */
  readonly start: number;
  readonly random: Random;
  /** Told how long extension points took, and how often they asked which plug-in. */
  readonly timed?: CycleObserver | undefined;
}

export interface CycleObserver {
  readonly clock: Clock;
  /** Preparing a filter counts with the filter. */
  readonly took: (point: "Filter" | "Score", status: "Success", tookMs: number) => void;
  readonly evaluated: (step: "filter" | "score", plugin: string, nodes: number) => void;
}

/** One scheduling cycle's decision. Synchronous, and changes nothing. */
export function findNode(pod: Pod, nodes: NodeTable, profile: Profile, options: CycleOptions): Placement {
  const { start, random, timed } = options;
  const startedMs = timed?.clock.monotonic() ?? 0;
  const filters: NodeFilter[] = [];
  const asked: string[] = [];
  for (const plugin of profile.plugins) {
    const filter = plugin.filter?.(pod, nodes);
    if (filter === undefined) continue;
    asked.push(plugin.name);
    if (isPodRefusal(filter)) {
      for (const name of asked) timed?.evaluated("filter", name, 0);
      return { type: "refused", diagnosis: { nodes: nodes.live.length, refusals: new Map(), podRefusal: filter } };
    }
    filters.push(filter);
  }
  const refusals = new Map<number, Refusal>();
  const nominated = pod.status?.nominatedNodeName;
  const feasible = nominatedFirst(nodes, nominated, filters) ?? suitable(nodes, filters, profile, start, refusals);
  const filteredMs = timed?.clock.monotonic() ?? 0;
  timed?.took("Filter", "Success", filteredMs - startedMs);
  if (timed !== undefined) countFilters(timed, asked, refusals, feasible.length);
  if (feasible.length === 0) return { type: "refused", diagnosis: { nodes: nodes.live.length, refusals } };
  // As upstream: one node needs no scores.
  const row = feasible.length === 1 ? (feasible[0] ?? 0) : best(pod, nodes, profile, feasible, random, timed);
  if (feasible.length > 1) timed?.took("Score", "Success", timed.clock.monotonic() - filteredMs);
  return {
    type: "placed",
    row,
    name: nodes.record(row).name,
    looked: feasible.length + refusals.size,
    feasible: feasible.length,
  };
}

/** A node is judged by the plug-ins in order, up to the one that refuses it. */
function countFilters(
  { evaluated }: CycleObserver,
  asked: readonly string[],
  refusals: ReadonlyMap<number, Refusal>,
  feasible: number,
): void {
  const refused = new Map<string, number>();
  for (const { plugin } of refusals.values()) refused.set(plugin, (refused.get(plugin) ?? 0) + 1);
  let left = feasible + refusals.size;
  for (const name of asked) {
    evaluated("filter", name, left);
    left -= refused.get(name) ?? 0;
  }
}

/** A node that preemption made room on goes before all others. */
function nominatedFirst(
  nodes: NodeTable,
  name: string | undefined,
  filters: readonly NodeFilter[],
): number[] | undefined {
  const row = name === undefined || name === "" ? undefined : nodes.row(name);
  if (row === undefined || nodes.record(row).node === undefined) return undefined;
  return firstRefusal(filters, row) === undefined ? [row] : undefined;
}

export function firstRefusal(filters: readonly NodeFilter[], row: number): Refusal | undefined {
  for (const filter of filters) {
    const refusal = filter(row);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Begins at another node each time, so that all get their turn. */
function suitable(
  nodes: NodeTable,
  filters: readonly NodeFilter[],
  profile: Profile,
  start: number,
  refusals: Map<number, Refusal>,
): number[] {
  const { live } = nodes;
  const enough = feasibleEnough(live.length, profile.percentageOfNodesToScore);
  const found: number[] = [];
  for (let step = 0; step < live.length && found.length < enough; step++) {
    const row = live[(start + step) % live.length] ?? 0;
    const refusal = firstRefusal(filters, row);
    if (refusal === undefined) found.push(row);
    else refusals.set(row, refusal);
  }
  return found;
}

function best(
  pod: Pod,
  nodes: NodeTable,
  profile: Profile,
  rows: readonly number[],
  random: Random,
  timed: CycleObserver | undefined,
): number {
  const totals = new Float64Array(rows.length);
  for (const plugin of profile.plugins) {
    const weight = profile.weights[plugin.name] ?? 0;
    const scorer = weight === 0 ? undefined : plugin.score?.(pod, nodes, rows);
    if (scorer === undefined) continue;
    timed?.evaluated("score", plugin.name, rows.length);
    addScores(totals, scorer, rows, weight);
  }
  return pick(totals, rows, random);
}

function addScores(totals: Float64Array, scorer: NodeScorer, rows: readonly number[], weight: number): void {
  const scores = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) scores[index] = scorer.score(rows[index] ?? 0);
  scorer.normalize?.(scores);
  for (let index = 0; index < rows.length; index++)
    totals[index] = (totals[index] ?? 0) + weight * (scores[index] ?? 0);
}

/** One of the best, each with the same chance. */
function pick(totals: Float64Array, rows: readonly number[], random: Random): number {
  let chosen = 0;
  let ties = 1;
  for (let index = 1; index < rows.length; index++) {
    const score = totals[index] ?? 0;
    const leader = totals[chosen] ?? 0;
    if (score > leader) {
      chosen = index;
      ties = 1;
    } else if (score === leader && random.next() * ++ties < 1) chosen = index;
  }
  return rows[chosen] ?? 0;
}
