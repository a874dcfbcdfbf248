import { type batchV1, internalForm, type JobSpec } from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  invalid,
  notSupported,
  omittedValue,
  quote,
  required,
  tooLong,
  tooMany,
} from "../../../apimachinery/index.ts";
import { checkEach, checkNonNegative, checkOneOf, checkQualifiedName, type Errors } from "../common/check.ts";
import { countIndexes, parseIndexes } from "./indexes.ts";

type FailureRule = batchV1.PodFailurePolicyRule;

const rulesMax = 20;
const exitCodesMax = 255;
const patternsMax = 20;
const indexesTextMax = 64 * 1024;

function checkNamed(value: string | undefined, valid: readonly string[], path: FieldPath, errors: Errors): void {
  if (value === undefined || value === "") errors.push(required(path, `valid values: [${valid.map(quote).join(" ")}]`));
  else checkOneOf(value, valid, path, errors);
}

export function checkPodFailurePolicy(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const rulesPath = path.child("rules");
  if (rules.length > rulesMax) errors.push(tooMany(rulesPath, rules.length, rulesMax));
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  checkEach(rules, rulesPath, errors, (rule, at) => checkFailureRule(spec, rule, names, at, errors));
}

function checkFailureRule(
  spec: JobSpec,
  rule: FailureRule,
  containers: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const actionPath = path.child("action");
  if (action !== "FailIndex") checkNamed(action, ["Count", "FailIndex", "FailJob", "Ignore"], actionPath, errors);
  else if (spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(actionPath, action, "requires the backoffLimitPerIndex to be set"));
  }
  if (onExitCodes !== undefined) checkExitCodes(onExitCodes, containers, path.child("onExitCodes"), errors);
  if (onPodConditions.length > 0) checkPatterns(onPodConditions, path.child("onPodConditions"), errors);
  if (onExitCodes !== undefined && onPodConditions.length > 0) {
    errors.push(invalid(path, omittedValue, "specifying both OnExitCodes and OnPodConditions is not supported"));
  }
  if (onExitCodes === undefined && onPodConditions.length === 0) {
    errors.push(invalid(path, omittedValue, "specifying one of OnExitCodes and OnPodConditions is required"));
  }
}

function checkPatterns(
  patterns: readonly batchV1.PodFailurePolicyOnPodConditionsPattern[],
  path: FieldPath,
  errors: Errors,
): void {
  if (patterns.length > patternsMax) errors.push(tooMany(path, patterns.length, patternsMax));
  checkEach(patterns, path, errors, ({ type, status }, at) => {
    checkQualifiedName(type, at.child("type"), errors);
    checkNamed(status, ["False", "True", "Unknown"], at.child("status"), errors);
  });
}

function checkExitCodes(
  requirement: batchV1.PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  const { operator, containerName, values = [] } = requirement;
  checkNamed(operator, ["In", "NotIn"], path.child("operator"), errors);
  if (containerName !== undefined && !containers.has(containerName)) {
    const why = "must be one of the container or initContainer names in the pod template";
    errors.push(invalid(path.child("containerName"), containerName, why));
  }
  const valuesPath = path.child("values");
  if (values.length === 0) errors.push(invalid(valuesPath, requirement.values, "at least one value is required"));
  else if (values.length > exitCodesMax) errors.push(tooMany(valuesPath, values.length, exitCodesMax));
  const seen = new Set<number>();
  checkEach(values, valuesPath, errors, (value, at) => {
    if (operator === "In" && value === 0) errors.push(invalid(at, value, "must not be 0 for the In operator"));
    if (seen.has(value)) errors.push(duplicate(at, value));
    seen.add(value);
  });
  if (values.some((value, index) => value < (values[index - 1] ?? value))) {
    errors.push(invalid(valuesPath, values, "must be ordered"));
  }
}

export function checkSuccessPolicy(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const { successPolicy } = spec;
  if (successPolicy === undefined) return;
  if (spec.completionMode !== "Indexed") {
    errors.push(
      invalid(path, internalForm("batch/v1", "SuccessPolicy", successPolicy), "requires indexed completion mode"),
    );
    return;
  }
  const rules = successPolicy.rules ?? [];
  const at = path.child("rules");
  if (rules.length === 0) {
    errors.push(required(at, "at least one rules must be specified when the successPolicy is specified"));
  }
  if (rules.length > rulesMax) errors.push(tooMany(at, rules.length, rulesMax));
  checkEach(rules, at, errors, (rule, rulePath) => checkSuccessRule(rule, spec.completions ?? 0, rulePath, errors));
}

function checkSuccessRule(
  { succeededCount: count, succeededIndexes: indexes }: batchV1.SuccessPolicyRule,
  completions: number,
  path: FieldPath,
  errors: Errors,
): void {
  if (count === undefined && indexes === undefined) {
    errors.push(required(path, "at least one of succeededCount or succeededIndexes must be specified"));
  }
  let total = 0;
  if (indexes !== undefined) {
    const at = path.child("succeededIndexes");
    if (indexes.length > indexesTextMax) errors.push(tooLong(at, indexesTextMax));
    const parsed = parseIndexes(indexes, completions);
    if (typeof parsed === "string") errors.push(invalid(at, indexes, `error parsing succeededIndexes: ${parsed}`));
    else total = countIndexes(parsed);
  }
  if (count === undefined) return;
  const at = path.child("succeededCount");
  checkNonNegative(count, at, errors);
  const most = (limit: number, what: string) => `must be less than or equal to ${limit} (the number of ${what})`;
  if (count > completions) errors.push(invalid(at, count, most(completions, "specified completions")));
  if (indexes !== undefined && count > total) {
    errors.push(invalid(at, count, most(total, "indexes in the specified succeededIndexes field")));
  }
}

export function checkReplacementPolicy(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const { podReplacementPolicy: policy } = spec;
  if (policy === undefined) return;
  if (spec.podFailurePolicy === undefined) checkOneOf(policy, ["Failed", "TerminatingOrFailed"], path, errors);
  else if (policy !== "Failed") errors.push(notSupported(path, policy, ["Failed"]));
}
