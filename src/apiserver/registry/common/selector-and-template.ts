import { internalFormOf, type PodTemplateSpec } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  type IntOrString,
  isNegativeError,
  isValidPercent,
  type LabelSelector,
  notSupported,
  percentOf,
  required,
  selectorFromObject,
  type Selector,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { type Errors, shownMap } from "./check.ts";

/** A label selector as messages show it. */
export const shownSelector = internalFormOf("meta/v1", "LabelSelector");

/** The selector of a workload: there, well formed, and not empty. `kind` as upstream names it in the message. */
export function checkWorkloadSelector(
  selector: LabelSelector | undefined,
  kind: string,
  path: FieldPath,
  errors: Errors,
): void {
  const at = path.child("selector");
  if (selector === undefined) {
    errors.push(required(at));
    return;
  }
  validateLabelSelector(selector, at, errors);
  if (isEmptySelector(selector))
    errors.push(invalid(at, shownSelector(selector), `empty selector is invalid for ${kind}`));
}

export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length + matchExpressions.length === 0;
}

/** Undefined where it cannot be parsed. */
export function compiledSelector(selector: LabelSelector | undefined): Selector | undefined {
  try {
    return selectorFromObject(selector);
  } catch {
    return undefined;
  }
}

export const selectorMismatch = "`selector` does not match template `labels`";

export function checkTemplateLabels(
  selector: Selector,
  template: PodTemplateSpec,
  path: FieldPath,
  errors: Errors,
): void {
  if (selector.isEmpty || selector.matches(template.metadata?.labels)) return;
  const at = path.child("metadata").child("labels");
  errors.push(invalid(at, shownMap(template.metadata?.labels), selectorMismatch));
}

/** Pods of a workload run for ever. `kind` as upstream names it in the message. */
export function checkAlwaysRestarts(template: PodTemplateSpec, kind: string, path: FieldPath, errors: Errors): void {
  const at = path.child("spec");
  const { restartPolicy = "" as string, activeDeadlineSeconds } = template.spec ?? { containers: [] };
  if (restartPolicy !== "Always") errors.push(notSupported(at.child("restartPolicy"), restartPolicy, ["Always"]));
  if (activeDeadlineSeconds !== undefined) {
    errors.push(forbidden(at.child("activeDeadlineSeconds"), `activeDeadlineSeconds in ${kind} is not Supported`));
  }
}

export function checkIntOrPercent(value: IntOrString | undefined, path: FieldPath, errors: Errors): void {
  if (typeof value === "string") {
    for (const message of isValidPercent(value)) errors.push(invalid(path, value, message));
  } else if (value !== undefined && value < 0) errors.push(invalid(path, value, isNegativeError));
}

export function checkAtMost100Percent(value: IntOrString | undefined, path: FieldPath, errors: Errors): void {
  const percent = value === undefined ? undefined : validPercent(value);
  if (percent !== undefined && percent > 100) errors.push(invalid(path, value, "must not be greater than 100%"));
}

/** Without a sign. */
function validPercent(value: IntOrString): number | undefined {
  return typeof value === "string" && isValidPercent(value).length === 0 ? percentOf(value) : undefined;
}

/** The number, or the number of percent; zero for what is neither. */
export function intOrPercentNumber(value: IntOrString | undefined): number {
  if (value === undefined) return 0;
  return typeof value === "number" ? value : (validPercent(value) ?? (/^[+-]?\d+$/.test(value) ? Number(value) : 0));
}

/** What a workload without a template has. */
export const emptyTemplate: PodTemplateSpec = { metadata: {}, spec: { containers: [] } };
