import type { resourceV1 } from "../../../api/index.ts";
import {
  byteLength,
  compileDeviceSelector,
  deviceSelectorCostMax,
  type FieldPath,
  forbidden,
  invalid,
  isValidLabelValue,
  notSupported,
  required,
  tooLong,
  validateLabelName,
} from "../../../apimachinery/index.ts";
import { addMessages, checkRequiredOneOf, type Errors } from "../common/check.ts";
import { checkDriverName, checkSet } from "./names.ts";

export const rawObjectMax = 10 * 1024;
const expressionMax = 10 * 1024;
export const configurationsMax = 32;
export const selectorsMax = 32;
const effects = ["NoExecute", "NoSchedule", "None"];

/** JSON that only a driver understands: an object, and not too large. */
export function checkRawObject(value: unknown, path: FieldPath, errors: Errors, stored = false): void {
  if (value === undefined || value === null) errors.push(required(path));
  else if (!stored && byteLength(JSON.stringify(value)) > rawObjectMax) errors.push(tooLong(path, rawObjectMax));
  else if (typeof value !== "object" || Array.isArray(value)) {
    errors.push(invalid(path, "<value omitted>", "must be a valid JSON object"));
  }
}

export function checkConfiguration(
  { opaque }: resourceV1.DeviceConfiguration,
  path: FieldPath,
  errors: Errors,
  stored = false,
): void {
  const at = path.child("opaque");
  if (opaque === undefined) {
    errors.push(required(at));
    return;
  }
  checkDriverName(opaque.driver, at.child("driver"), errors);
  checkRawObject(opaque.parameters, at.child("parameters"), errors, stored);
}

export function checkSelector({ cel }: resourceV1.DeviceSelector, path: FieldPath, errors: Errors): void {
  const at = path.child("cel");
  if (cel === undefined) errors.push(required(at));
  else checkExpression(cel.expression, at.child("expression"), errors);
}

function checkExpression(expression: string, path: FieldPath, errors: Errors): void {
  if (byteLength(expression) > expressionMax) {
    errors.push(tooLong(path, expressionMax));
    return;
  }
  const selector = compileDeviceSelector(expression);
  if (selector.type === "error") errors.push(invalid(path, expression, selector.message));
  else if (selector.program.estimatedCost > deviceSelectorCostMax) {
    errors.push(forbidden(path, "too complex, exceeds cost limit"));
  }
}

export function checkTaint(taint: resourceV1.DeviceTaint, path: FieldPath, errors: Errors): void {
  validateLabelName(taint.key, path.child("key"), errors);
  addMessages(isValidLabelValue(taint.value ?? ""), taint.value ?? "", path.child("value"), errors);
  checkRequiredOneOf(taint.effect, effects, path.child("effect"), errors);
}

export function checkToleration(toleration: resourceV1.DeviceToleration, path: FieldPath, errors: Errors): void {
  const { key = "", operator, value = "", effect } = toleration;
  if (key !== "") validateLabelName(key, path.child("key"), errors);
  const valuePath = path.child("value");
  if (operator === "Exists") {
    if (value !== "") errors.push(invalid(valuePath, value, "must be empty for operator `Exists`"));
  } else if (operator === "Equal") addMessages(isValidLabelValue(value), value, valuePath, errors);
  else checkRequiredOneOf(operator, ["Equal", "Exists"], path.child("operator"), errors);
  if (effect !== undefined && !effects.includes(effect))
    errors.push(notSupported(path.child("effect"), effect, effects));
}

const bindingConditionsMax = 4;

/** What has to become true before a pod is bound, and what ends the attempt: both or neither. */
export function checkBindingConditions(
  { bindingConditions, bindingFailureConditions }: BindingConditions,
  path: FieldPath,
  errors: Errors,
): void {
  const [good, bad] = [bindingConditions ?? [], bindingFailureConditions ?? []];
  const goodPath = path.child("bindingConditions");
  const badPath = path.child("bindingFailureConditions");
  for (const [list, at] of [[good, goodPath] as const, [bad, badPath] as const]) {
    checkSet(
      list,
      bindingConditionsMax,
      (name) => name,
      at,
      errors,
      (name, onePath) => {
        validateLabelName(name, onePath, errors);
      },
    );
  }
  for (const [index, name] of bad.entries()) {
    if (!good.includes(name)) continue;
    const why = "bindingFailureConditions must not overlap with bindingConditions";
    errors.push(invalid(badPath.index(index), name, why));
  }
  if (good.length === 0 && bad.length > 0) {
    errors.push(
      invalid(goodPath, bindingConditions ?? null, "bindingConditions are required to use bindingFailureConditions"),
    );
  }
  if (bad.length === 0 && good.length > 0) {
    errors.push(
      invalid(
        badPath,
        bindingFailureConditions ?? null,
        "bindingFailureConditions are required to use bindingConditions",
      ),
    );
  }
}

interface BindingConditions {
  readonly bindingConditions?: readonly string[];
  readonly bindingFailureConditions?: readonly string[];
}
