import type { JobSpec } from "../../../api/index.ts";
import {
  type FieldPath,
  invalid,
  notSupported,
  required,
  tooLong,
  validateDomainPrefixedPath,
} from "../../../apimachinery/index.ts";
import { checkNonNegative, type Errors } from "../common/check.ts";
import { checkPodTemplate } from "../common/pod-template.ts";
import { checkPodFailurePolicy, checkReplacementPolicy, checkSuccessPolicy } from "./job-policies.ts";

const managedByMax = 63;
/** Of parallelism and of failed indexes, for indexed jobs. */
const indexedMax = 100_000;
/** Above so many completions the other limits of jobs with a backoff per index are lower. */
const completionsSoftMax = 100_000;
const lowerMax = 10_000;

const counts = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

/** What jobs and the templates of cron jobs have in common: everything but the selector. */
export function checkJobSpec(spec: JobSpec, path: FieldPath, errors: Errors): void {
  for (const field of counts) checkNonNegative(spec[field], path.child(field), errors);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
  }
  if (spec.managedBy !== undefined) {
    validateDomainPrefixedPath(spec.managedBy, path.child("managedBy"), errors);
    if (spec.managedBy.length > managedByMax) errors.push(tooLong(path.child("managedBy"), managedByMax));
  }
  checkCompletionMode(spec, path, errors);
  if (spec.podFailurePolicy !== undefined) checkPodFailurePolicy(spec, path.child("podFailurePolicy"), errors);
  checkSuccessPolicy(spec, path.child("successPolicy"), errors);
  checkReplacementPolicy(spec, path.child("podReplacementPolicy"), errors);
  checkPodTemplate(spec.template, path.child("template"), errors);
  checkRestartPolicy(spec, path.child("template").child("spec").child("restartPolicy"), errors);
}

function checkCompletionMode(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const mode: string = spec.completionMode ?? "NonIndexed";
  if (mode === "Indexed") checkIndexed(spec, path, errors);
  else if (mode !== "NonIndexed") {
    errors.push(notSupported(path.child("completionMode"), mode, ["NonIndexed", "Indexed"]));
  } else {
    for (const field of ["backoffLimitPerIndex", "maxFailedIndexes"] as const) {
      const value = spec[field];
      if (value !== undefined) errors.push(invalid(path.child(field), value, "requires indexed completion mode"));
    }
  }
}

function checkIndexed(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec;
  const failedPath = path.child("maxFailedIndexes");
  if (completions === undefined) errors.push(required(path.child("completions"), "when completion mode is Indexed"));
  if (parallelism > indexedMax) {
    const why = `must be less than or equal to ${indexedMax} when completion mode is Indexed`;
    errors.push(invalid(path.child("parallelism"), parallelism, why));
  }
  if (completions !== undefined && failed !== undefined && failed > completions) {
    errors.push(invalid(failedPath, failed, "must be less than or equal to completions"));
  }
  if (failed !== undefined && failed > indexedMax) {
    errors.push(invalid(failedPath, failed, `must be less than or equal to ${indexedMax}`));
  }
  if ((completions ?? 0) <= completionsSoftMax || spec.backoffLimitPerIndex === undefined) return;
  if (failed === undefined) {
    errors.push(required(failedPath, `must be specified when completions is above ${completionsSoftMax}`));
  }
  const why = `must be less than or equal to ${lowerMax} when completions are above ${completionsSoftMax} and used with backoff limit per index`;
  if (parallelism > lowerMax) errors.push(invalid(path.child("parallelism"), parallelism, why));
  if (failed !== undefined && failed > lowerMax) errors.push(invalid(failedPath, failed, why));
}

function checkRestartPolicy(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const policy: string = spec.template.spec?.restartPolicy ?? "";
  if (policy === "" || policy === "Always") errors.push(required(path, 'valid values: "OnFailure", "Never"'));
  else if (policy !== "OnFailure" && policy !== "Never") {
    errors.push(notSupported(path, policy, ["OnFailure", "Never"]));
  } else if (spec.podFailurePolicy !== undefined && policy !== "Never") {
    errors.push(invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  }
}
