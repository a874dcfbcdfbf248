import type { JobSpec } from "../../../api/index.ts";
import { type FieldPath, goList, isDns1123Label } from "../../../apimachinery/index.ts";
import { podWarnings } from "../common/pod-warnings.ts";

const manyCompletions = 100_000;
const muchParallelism = 10_000;
const untracked =
  "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail";

/** Names of jobs become part of the names of pods. */
export function hostnameWarnings(name = ""): readonly string[] {
  const messages = isDns1123Label(name);
  if (messages.length === 0) return [];
  const advice =
    "this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended";
  return [`metadata.name: ${advice}: ${goList(messages)}`];
}

export function jobWarnings(spec: JobSpec, path: FieldPath): readonly string[] {
  const { completionMode, completions = 0, parallelism = 0, template } = spec;
  const large = completionMode === "Indexed" && completions > manyCompletions && parallelism > muchParallelism;
  const ofPods = podWarnings(template.spec ?? { containers: [] }, path.child("template").child("spec"));
  return large ? [`${path}: ${untracked}`, ...ofPods] : ofPods;
}
