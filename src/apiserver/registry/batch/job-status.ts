import type { Job, JobStatus } from "../../../api/index.ts";
import {
  duplicate,
  type FieldError,
  fieldErrorMessage,
  fieldPath,
  invalid,
  omittedValue,
  required,
} from "../../../apimachinery/index.ts";
import { checkEach, checkNonNegative, type Errors } from "../common/check.ts";
import { overlap, parseIndexes } from "./indexes.ts";

const path = fieldPath("status");
const conditionsPath = path.child("conditions");

function is(status: JobStatus | undefined, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

function time(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

/** A broken rule that was broken before does not stop an update. */
export function checkJobStatus(job: Job, old: Job, errors: Errors): void {
  const before = new Set(stateErrors(old).map(fieldErrorMessage));
  errors.push(...stateErrors(job).filter((error) => !before.has(fieldErrorMessage(error))));
  checkTransition(job, old, errors);
}

function stateErrors(job: Job): readonly FieldError[] {
  const errors: Errors = [];
  const { status = {} } = job;
  for (const field of ["active", "succeeded", "failed", "ready", "terminating"] as const) {
    checkNonNegative(status[field], path.child(field), errors);
  }
  checkUncounted(status, errors);
  checkConditions(job, errors);
  checkTimes(status, errors);
  checkFinished(status, errors);
  checkIndexes(job, errors);
  if ((status.ready ?? 0) > (status.active ?? 0)) {
    errors.push(invalid(path.child("ready"), status.ready, "cannot set more ready pods than active"));
  }
  return errors;
}

function checkUncounted({ uncountedTerminatedPods: uncounted }: JobStatus, errors: Errors): void {
  const seen = new Set<string>();
  for (const field of ["succeeded", "failed"] as const) {
    checkEach(uncounted?.[field], path.child("uncountedTerminatedPods").child(field), errors, (uid, at) => {
      if (uid === "") errors.push(invalid(at, uid, "must not be empty"));
      else if (seen.has(uid)) errors.push(duplicate(at, uid));
      else seen.add(uid);
    });
  }
}

/** Pairs of conditions that exclude each other, and those that must come together. */
function checkConditions({ status, spec }: Job, errors: Errors): void {
  const [complete, failed] = [is(status, "Complete"), is(status, "Failed")];
  const [target, met] = [is(status, "FailureTarget"), is(status, "SuccessCriteriaMet")];
  const rules: readonly [boolean, string][] = [
    [complete && failed, "cannot set Complete=True and Failed=true conditions"],
    [complete && target, "cannot set Complete=True and FailureTarget=true conditions"],
    [failed && !target, "cannot set Failed=True condition without the FailureTarget=true condition"],
    [complete && !met, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"],
    [met && failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions"],
    [met && target, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"],
    [
      spec.successPolicy !== undefined && !met && complete,
      "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True",
    ],
  ];
  for (const [broken, why] of rules) if (broken) errors.push(invalid(conditionsPath, omittedValue, why));
}

function checkTimes(status: JobStatus, errors: Errors): void {
  const { startTime, completionTime } = status;
  const complete = is(status, "Complete");
  const at = path.child("completionTime");
  if (completionTime !== undefined && !complete) {
    const why = "cannot set completionTime when there is no Complete=True condition";
    errors.push(invalid(at, completionTime, why));
  }
  if (completionTime === undefined && complete) {
    errors.push(required(at, "completionTime is required for Complete jobs"));
  }
  const [started, completed] = [time(startTime), time(completionTime)];
  if (started !== undefined && completed !== undefined && completed < started) {
    errors.push(invalid(at, completionTime, "completionTime cannot be set before startTime"));
  }
}

function checkFinished(status: JobStatus, errors: Errors): void {
  if (!is(status, "Complete") && !is(status, "Failed")) return;
  const { active = 0, terminating = 0, startTime, uncountedTerminatedPods: uncounted } = status;
  if (active > 0) errors.push(invalid(path.child("active"), active, "active>0 is invalid for finished job"));
  if (startTime === undefined) {
    errors.push(required(path.child("startTime"), "startTime is required for finished job"));
  }
  if ((uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length > 0) {
    const why = "uncountedTerminatedPods needs to be empty for finished job";
    errors.push(invalid(path.child("uncountedTerminatedPods"), uncounted, why));
  }
  if (terminating > 0) {
    errors.push(invalid(path.child("terminating"), terminating, "terminating>0 is invalid for finished job"));
  }
}

function checkIndexes({ spec, status = {} }: Job, errors: Errors): void {
  const { completions, backoffLimitPerIndex } = spec;
  const { completedIndexes: completed = "", failedIndexes: failed } = status;
  const [completedPath, failedPath] = [path.child("completedIndexes"), path.child("failedIndexes")];
  const completedParsed = parseIndexes(completed, completions ?? 0);
  const failedParsed = parseIndexes(failed ?? "", completions ?? 0);
  if (completions !== undefined && typeof completedParsed === "string") {
    errors.push(invalid(completedPath, completed, `error parsing completedIndexes: ${completedParsed}`));
  }
  if (completions !== undefined && backoffLimitPerIndex !== undefined && typeof failedParsed === "string") {
    errors.push(invalid(failedPath, failed, `error parsing failedIndexes: ${failedParsed}`));
  }
  if (completed !== "" && spec.completionMode !== "Indexed") {
    const why = "cannot set non-empty completedIndexes when non-indexed completion mode";
    errors.push(invalid(completedPath, completed, why));
  }
  if (failed !== undefined && backoffLimitPerIndex === undefined) {
    const why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
    errors.push(invalid(failedPath, failed, why));
  }
  if (completions === undefined || typeof completedParsed === "string" || typeof failedParsed === "string") return;
  const both = overlap(completedParsed, failedParsed);
  if (both !== undefined) {
    errors.push(invalid(failedPath, failed, `failedIndexes and completedIndexes overlap at index: ${both}`));
  }
}

function checkTransition({ spec, status = {} }: Job, { status: old = {} }: Job, errors: Errors): void {
  for (const type of ["Failed", "Complete", "FailureTarget"]) {
    if (!is(old, type) || is(status, type)) continue;
    errors.push(invalid(conditionsPath, omittedValue, `cannot disable the terminal ${type}=True condition`));
  }
  for (const field of ["failed", "succeeded"] as const) {
    const count = status[field] ?? 0;
    if (count < (old[field] ?? 0)) {
      errors.push(invalid(path.child(field), count, `cannot decrease the ${field} counter`));
    }
  }
  const { completionTime, startTime } = status;
  if (completionTime !== undefined && old.completionTime !== undefined) {
    if (time(completionTime) !== time(old.completionTime)) {
      errors.push(invalid(path.child("completionTime"), completionTime, "completionTime cannot be mutated"));
    }
  }
  if (old.startTime !== undefined && time(startTime) !== time(old.startTime) && spec.suspend !== true) {
    errors.push(required(path.child("startTime"), "startTime cannot be removed for unsuspended job"));
  }
  const [met, wasMet] = [is(status, "SuccessCriteriaMet"), is(old, "SuccessCriteriaMet")];
  if (wasMet && !met) {
    errors.push(invalid(conditionsPath, omittedValue, "cannot disable the SuccessCriteriaMet=True condition"));
  }
  if (is(old, "Complete") && !wasMet && met) {
    const why = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
    errors.push(invalid(conditionsPath, omittedValue, why));
  }
}
