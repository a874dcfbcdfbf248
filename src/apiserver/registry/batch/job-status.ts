import type { Job, JobStatus } from "../../../api/index.ts";
import { duplicate, fieldPath, invalid, omittedValue, required, semanticEqual } from "../../../apimachinery/index.ts";
import { checkEach, checkNonNegative, type Errors } from "../common/check.ts";
import { intervalsOf, overlap, parseIndexes } from "./indexes.ts";

const path = fieldPath("status");
const conditionsPath = path.child("conditions");

function is(status: JobStatus | undefined, type: string, value = "True"): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === value) ?? false;
}

function isFinished(status: JobStatus | undefined): boolean {
  return is(status, "Complete") || is(status, "Failed");
}

/** What an update changes: most rules hold back only who changes what they are about. */
type Changes = Readonly<
  Record<
    | ("Complete" | "Failed" | "FailureTarget" | "SuccessCriteriaMet" | "finished")
    | ("active" | "ready" | "terminating" | "uncountedTerminatedPods")
    | ("startTime" | "completionTime" | "completedIndexes" | "failedIndexes"),
    boolean
  >
>;

function changesOf({ status: now = {} }: Job, { status: before = {} }: Job): Changes {
  const turned = (type: string) => is(now, type) !== is(before, type);
  return {
    Complete: turned("Complete"),
    Failed: turned("Failed"),
    FailureTarget: turned("FailureTarget"),
    SuccessCriteriaMet: turned("SuccessCriteriaMet"),
    finished: isFinished(now) !== isFinished(before),
    active: (now.active ?? 0) !== (before.active ?? 0),
    ready: now.ready !== before.ready,
    terminating: now.terminating !== before.terminating,
    uncountedTerminatedPods: !semanticEqual(now.uncountedTerminatedPods, before.uncountedTerminatedPods),
    startTime: now.startTime !== before.startTime,
    completionTime: now.completionTime !== before.completionTime,
    completedIndexes: (now.completedIndexes ?? "") !== (before.completedIndexes ?? ""),
    failedIndexes: now.failedIndexes !== before.failedIndexes,
  };
}

export function checkJobStatus(job: Job, old: Job, errors: Errors): void {
  const changes = changesOf(job, old);
  const { status = {} } = job;
  for (const field of ["active", "succeeded", "failed", "ready", "terminating"] as const) {
    checkNonNegative(status[field], path.child(field), errors);
  }
  checkUncounted(status, errors);
  checkCompletion(status, changes, errors);
  checkFinished(job, changes, errors);
  checkIndexes(job, changes, errors);
  checkPods(status, changes, errors);
  checkSuccess(job, errors);
  checkTransition(job, old, errors);
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

function refuseConditions(why: string, errors: Errors): void {
  errors.push(invalid(conditionsPath, omittedValue, why));
}

/** Conditions that exclude each other or come together, and when the job was complete. */
function checkCompletion(status: JobStatus, changes: Changes, errors: Errors): void {
  const { startTime, completionTime } = status;
  const [complete, failed, target] = [is(status, "Complete"), is(status, "Failed"), is(status, "FailureTarget")];
  const at = path.child("completionTime");
  if ((changes.Complete || changes.Failed) && complete && failed) {
    refuseConditions("cannot set Complete=True and Failed=true conditions", errors);
  }
  if ((changes.Complete || changes.FailureTarget) && complete && target) {
    refuseConditions("cannot set Complete=True and FailureTarget=true conditions", errors);
  }
  if (changes.Complete || changes.completionTime) {
    if (completionTime !== undefined && !complete) {
      const why = "cannot set completionTime when there is no Complete=True condition";
      errors.push(invalid(at, completionTime, why));
    }
    if (completionTime === undefined && complete) {
      errors.push(required(at, "completionTime is required for Complete jobs"));
    }
  }
  if ((changes.startTime || changes.completionTime) && startTime !== undefined && completionTime !== undefined) {
    if (Date.parse(completionTime) < Date.parse(startTime)) {
      errors.push(invalid(at, completionTime, "must be equal to or after `startTime`"));
    }
  }
  if ((changes.Failed || changes.failedIndexes) && failed && !target) {
    refuseConditions("cannot set Failed=True condition without the FailureTarget=true condition", errors);
  }
  if ((changes.Complete || changes.SuccessCriteriaMet) && complete && !is(status, "SuccessCriteriaMet")) {
    refuseConditions("cannot set Complete=True condition without the SuccessCriteriaMet=true condition", errors);
  }
}

function checkFinished({ spec, status = {} }: Job, changes: Changes, errors: Errors): void {
  if (!isFinished(status)) return;
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = status;
  if ((changes.finished || changes.active) && active > 0) {
    errors.push(invalid(path.child("active"), active, "active>0 is invalid for finished job"));
  }
  const neverStarts = spec.suspend === true && spec.completions === 0;
  if ((changes.finished || changes.startTime) && startTime === undefined && !neverStarts) {
    errors.push(required(path.child("startTime"), "startTime is required for finished job"));
  }
  if (!changes.finished && !changes.uncountedTerminatedPods) return;
  if ((uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length > 0) {
    errors.push(invalid(path.child("uncountedTerminatedPods"), uncounted, "must be empty for finished job"));
  }
}

function checkIndexes({ spec, status = {} }: Job, changes: Changes, errors: Errors): void {
  const { completions, backoffLimitPerIndex } = spec;
  const { completedIndexes: completed = "", failedIndexes: failed } = status;
  const [completedPath, failedPath] = [path.child("completedIndexes"), path.child("failedIndexes")];
  if (changes.completedIndexes && completions !== undefined) {
    const parsed = parseIndexes(completed, completions);
    if (typeof parsed === "string") {
      errors.push(invalid(completedPath, completed, `error parsing completedIndexes: ${parsed}`));
    }
  }
  if (changes.failedIndexes && completions !== undefined && backoffLimitPerIndex !== undefined) {
    const parsed = parseIndexes(failed ?? "", completions);
    if (typeof parsed === "string") errors.push(invalid(failedPath, failed, `error parsing failedIndexes: ${parsed}`));
  }
  if (changes.completedIndexes && completed !== "" && spec.completionMode !== "Indexed") {
    const why = "cannot set non-empty completedIndexes when non-indexed completion mode";
    errors.push(invalid(completedPath, completed, why));
  }
  if (changes.failedIndexes && failed !== undefined && backoffLimitPerIndex === undefined) {
    const why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
    errors.push(invalid(failedPath, failed, why));
  }
  if (!changes.failedIndexes && !changes.completedIndexes) return;
  if (completions === undefined || failed === undefined) return;
  const both = overlap(intervalsOf(completed, completions), intervalsOf(failed, completions));
  if (both !== undefined) {
    errors.push(invalid(failedPath, failed, `failedIndexes and completedIndexes overlap at index: ${both}`));
  }
}

function checkPods(status: JobStatus, changes: Changes, errors: Errors): void {
  const { ready, terminating = 0, active = 0 } = status;
  if ((changes.finished || changes.terminating) && terminating > 0 && isFinished(status)) {
    errors.push(invalid(path.child("terminating"), terminating, "terminating>0 is invalid for finished job"));
  }
  if ((changes.ready || changes.active) && ready !== undefined && ready > active) {
    errors.push(invalid(path.child("ready"), ready, "cannot set more ready pods than active"));
  }
}

function checkSuccess({ spec, status }: Job, errors: Errors): void {
  const met = is(status, "SuccessCriteriaMet");
  if (met && is(status, "Failed")) {
    refuseConditions("cannot set SuccessCriteriaMet=True and Failed=true conditions", errors);
  }
  if (met && is(status, "FailureTarget")) {
    refuseConditions("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions", errors);
  }
  if (spec.successPolicy !== undefined && !met && is(status, "Complete")) {
    refuseConditions("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True", errors);
  }
}

function checkTransition({ spec, status = {} }: Job, { status: old = {} }: Job, errors: Errors): void {
  for (const type of ["Failed", "Complete", "FailureTarget"]) {
    if (!is(old, type) || is(status, type)) continue;
    refuseConditions(`cannot disable the terminal ${type}=True condition`, errors);
  }
  // Indexed jobs that run all their pods at once may be made smaller.
  const mayShrink = spec.completionMode === "Indexed" && spec.completions === spec.parallelism;
  for (const field of ["failed", "succeeded"] as const) {
    const count = status[field] ?? 0;
    if (count >= (old[field] ?? 0) || (field === "succeeded" && mayShrink)) continue;
    errors.push(invalid(path.child(field), count, `cannot decrease the ${field} counter`));
  }
  const { completionTime, startTime } = status;
  if (completionTime !== undefined && old.completionTime !== undefined && completionTime !== old.completionTime) {
    errors.push(invalid(path.child("completionTime"), completionTime, "field is immutable"));
  }
  const resumes = is(old, "Suspended") && is(status, "Suspended", "False");
  if (old.startTime !== undefined && startTime !== old.startTime && spec.suspend !== true && !resumes) {
    const why = "field is immutable for unsuspended job once set";
    errors.push(invalid(path.child("startTime"), startTime, why));
  }
  const [met, wasMet] = [is(status, "SuccessCriteriaMet"), is(old, "SuccessCriteriaMet")];
  if (wasMet && !met) refuseConditions("cannot disable the SuccessCriteriaMet=True condition", errors);
  if (is(old, "Complete") && !wasMet && met) {
    refuseConditions("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions", errors);
  }
}
