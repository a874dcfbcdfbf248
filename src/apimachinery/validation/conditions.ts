import type { FieldError } from "./contract.ts";
import { duplicate, invalid, notSupported, required, tooLong } from "./field-error.ts";
import type { FieldPath } from "./field-path.ts";
import { validateLabelName } from "./object-meta.ts";
import { byteLength, regexError } from "./strings.ts";

/** `metav1.Condition`. */
export interface ConditionLike {
  readonly type?: string;
  readonly status?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string | null;
  readonly reason?: string;
  readonly message?: string;
}

const statuses: readonly string[] = ["False", "True", "Unknown"];
const reasonFormat = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const reasonPattern = new RegExp(`^${reasonFormat}$`);
const reasonMessage =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
const reasonExamples = ["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"];
const reasonMaxBytes = 1024;
const messageMaxBytes = 32 * 1024;

export function validateConditions(conditions: readonly ConditionLike[], path: FieldPath, errors: FieldError[]): void {
  const seen = new Set<string>();
  conditions.forEach((condition, index) => {
    const type = condition.type ?? "";
    if (seen.has(type)) errors.push(duplicate(path.index(index).child("type"), type));
    seen.add(type);
    validateCondition(condition, path.index(index), errors);
  });
}

export function validateCondition(condition: ConditionLike, path: FieldPath, errors: FieldError[]): void {
  const { type = "", status = "", observedGeneration = 0, reason = "", message = "" } = condition;
  validateLabelName(type, path.child("type"), errors);
  if (!statuses.includes(status)) errors.push(notSupported(path.child("status"), status, statuses));
  if (observedGeneration < 0) {
    errors.push(invalid(path.child("observedGeneration"), observedGeneration, "must be greater than or equal to zero"));
  }
  if ((condition.lastTransitionTime ?? "") === "") errors.push(required(path.child("lastTransitionTime")));
  if (reason === "") errors.push(required(path.child("reason")));
  else {
    if (!reasonPattern.test(reason)) {
      errors.push(invalid(path.child("reason"), reason, regexError(reasonMessage, reasonFormat, ...reasonExamples)));
    }
    if (byteLength(reason) > reasonMaxBytes) errors.push(tooLong(path.child("reason"), reasonMaxBytes));
  }
  if (byteLength(message) > messageMaxBytes) errors.push(tooLong(path.child("message"), messageMaxBytes));
}
