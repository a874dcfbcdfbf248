import { maxNodeScore } from "./contract.ts";

/** Stretches scores to 0..100 by their maximum; `reverse` when the lowest raw score is the best. Upstream: DefaultNormalizeScore. */
export function normalizeByMaximum(scores: Float64Array, reverse: boolean): void {
  let highest = 0;
  for (const score of scores) if (score > highest) highest = score;
  if (highest === 0) {
    if (reverse) scores.fill(maxNodeScore);
    return;
  }
  for (let index = 0; index < scores.length; index++) {
    const scaled = Math.floor((maxNodeScore * (scores[index] ?? 0)) / highest);
    scores[index] = reverse ? maxNodeScore - scaled : scaled;
  }
}
