import type { LabelSelectorExpression, LabelSelectorObject } from "../selectors/label-selector.ts";
import type { FieldError } from "./contract.ts";
import { forbidden, invalid, required } from "./field-error.ts";
import type { FieldPath } from "./field-path.ts";
import { validateLabelName, validateLabels } from "./object-meta.ts";
import { isValidLabelValue } from "./strings.ts";

export interface LabelSelectorRules {
  /** Values that were stored before they were checked stay acceptable. */
  readonly allowInvalidValues?: boolean;
}

export function validateLabelSelector(
  selector: LabelSelectorObject | undefined,
  path: FieldPath,
  errors: FieldError[],
  rules: LabelSelectorRules = {},
): void {
  if (selector === undefined) return;
  if (selector.matchLabels !== undefined) validateLabels(selector.matchLabels, path.child("matchLabels"), errors);
  selector.matchExpressions?.forEach((expression, index) => {
    validateExpression(expression, path.child("matchExpressions").index(index), errors, rules);
  });
}

function validateExpression(
  { key = "", operator = "", values = [] }: LabelSelectorExpression,
  path: FieldPath,
  errors: FieldError[],
  rules: LabelSelectorRules,
): void {
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      errors.push(required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
    }
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) {
      errors.push(
        forbidden(path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      );
    }
  } else errors.push(invalid(path.child("operator"), operator, "not a valid selector operator"));
  validateLabelName(key, path.child("key"), errors);
  if (rules.allowInvalidValues === true) return;
  values.forEach((value, index) => {
    for (const message of isValidLabelValue(value)) {
      errors.push(invalid(path.child("values").index(index), value, message));
    }
  });
}

/** Whether an object stored earlier already holds a value that would be refused now. */
export function labelSelectorHasInvalidValue(selector: LabelSelectorObject | undefined): boolean {
  return (selector?.matchExpressions ?? []).some(({ values = [] }) =>
    values.some((value) => isValidLabelValue(value).length > 0),
  );
}
