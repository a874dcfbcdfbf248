import type { JobSpec } from "../../../api/index.ts";
import type { FieldPath } from "../../../apimachinery/index.ts";
import { templateWarnings } from "../common/pod-warnings.ts";

const manyCompletions = 100_000;
const muchParallelism = 10_000;
const untracked =
  "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail";

export function jobWarnings(spec: JobSpec, path: FieldPath): readonly string[] {
  const { completionMode, completions = 0, parallelism = 0, template } = spec;
  const large = completionMode === "Indexed" && completions > manyCompletions && parallelism > muchParallelism;
  const ofPods = templateWarnings(template, path.child("template"));
  return large ? [`${path}: ${untracked}`, ...ofPods] : ofPods;
}
