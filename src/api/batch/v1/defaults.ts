import type { Job } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = { Job: fillJob } as const;

const maxInt32 = 2 ** 31 - 1;

/** Of the kind, not of its spec: the job template of a CronJob is left as it was written. */
function fillJob({ metadata, spec }: Job): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32;
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  spec.manualSelector ??= false;
}
