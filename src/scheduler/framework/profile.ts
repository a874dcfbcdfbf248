import type { SchedulerPlugin } from "./contract.ts";

/** The plug-ins of one scheduler name, in order, with the weight of each one's score. */
export interface Profile {
  readonly schedulerName: string;
  readonly plugins: readonly SchedulerPlugin[];
  readonly weights: Readonly<Record<string, number>>;
  /** Percent of nodes to look at; 0 means by cluster size, as upstream. */
  readonly percentageOfNodesToScore: number;
}

/** Upstream's default weights (MultiPoint, v1.36). */
export const defaultWeights: Readonly<Record<string, number>> = {
  TaintToleration: 3,
  NodeAffinity: 2,
  NodeResourcesFit: 1,
  PodTopologySpread: 2,
  InterPodAffinity: 2,
  NodeResourcesBalancedAllocation: 1,
  ImageLocality: 1,
};
