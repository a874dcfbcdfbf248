import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PreferredSchedulingTerm,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  forbidden,
  invalid,
  isValidLabelValue,
  type LabelSelector,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  notSupported,
  required,
  validateLabelName,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkOneOf, checkPositive, type Errors } from "./check.ts";

/** What objects stored long ago may still hold. */
export interface SchedulingRules {
  readonly allowInvalidSelectorValues?: boolean;
  readonly allowInvalidNodeAffinityValues?: boolean;
}

export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function checkTolerations(tolerations: readonly Toleration[], path: FieldPath, errors: Errors): void {
  tolerations.forEach((toleration, index) => {
    const at = path.index(index);
    const { key = "", operator = "" as string, value = "", effect = "", tolerationSeconds } = toleration;
    if (key !== "") validateLabelName(key, at.child("key"), errors);
    else if (operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalid(at.child("operator"), operator, detail));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(invalid(at.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    checkTolerationOperator(operator, value, at.child("operator"), errors);
    if (effect !== "") checkOneOf(effect, taintEffects, at.child("effect"), errors);
  });
}

function checkTolerationOperator(operator: string, value: string, path: FieldPath, errors: Errors): void {
  if (operator === "Equal" || operator === "") {
    const messages = isValidLabelValue(value);
    if (messages.length > 0) errors.push(invalid(path, value, messages.join(";")));
  } else if (operator === "Exists") {
    if (value !== "") errors.push(invalid(path, value, "value must be empty when `operator` is 'Exists'"));
  } else {
    // Of the comparing ones, which stand behind a feature gate, upstream says all.
    const comparing = operator === "Lt" || operator === "Gt" ? ["Lt", "Gt"] : [];
    errors.push(notSupported(path, operator, ["Equal", "Exists", ...comparing]));
  }
}

export function checkAffinity(affinity: Affinity, path: FieldPath, errors: Errors, rules: SchedulingRules = {}): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity !== undefined) {
    const at = path.child("nodeAffinity");
    const { requiredDuringSchedulingIgnoredDuringExecution: must } = nodeAffinity;
    const lenient = rules.allowInvalidNodeAffinityValues ?? false;
    if (must !== undefined)
      checkNodeSelector(must, at.child("requiredDuringSchedulingIgnoredDuringExecution"), errors, lenient);
    const preferred = nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    checkEach(preferred, at.child("preferredDuringSchedulingIgnoredDuringExecution"), errors, checkPreferredTerm);
  }
  for (const [field, value] of [
    ["podAffinity", podAffinity],
    ["podAntiAffinity", podAntiAffinity],
  ] as const) {
    if (value === undefined) continue;
    const at = path.child(field);
    checkEach(
      value.requiredDuringSchedulingIgnoredDuringExecution,
      at.child("requiredDuringSchedulingIgnoredDuringExecution"),
      errors,
      (term, termPath) => checkPodAffinityTerm(term, termPath, errors, rules),
    );
    checkEach(
      value.preferredDuringSchedulingIgnoredDuringExecution,
      at.child("preferredDuringSchedulingIgnoredDuringExecution"),
      errors,
      (term, termPath) => checkWeightedTerm(term, termPath, errors, rules),
    );
  }
}

function checkWeight(weight: number, path: FieldPath, errors: Errors): void {
  if (weight <= 0 || weight > 100) errors.push(invalid(path.child("weight"), weight, "must be in the range 1-100"));
}

function checkPreferredTerm(term: PreferredSchedulingTerm, path: FieldPath, errors: Errors): void {
  checkWeight(term.weight, path, errors);
  checkNodeSelectorTerm(term.preference, path.child("preference"), errors, true);
}

function checkWeightedTerm(
  term: WeightedPodAffinityTerm,
  path: FieldPath,
  errors: Errors,
  rules: SchedulingRules,
): void {
  checkWeight(term.weight, path, errors);
  checkPodAffinityTerm(term.podAffinityTerm, path.child("podAffinityTerm"), errors, rules);
}

function checkPodAffinityTerm(term: PodAffinityTerm, path: FieldPath, errors: Errors, rules: SchedulingRules): void {
  const selectorRules = { allowInvalidValues: rules.allowInvalidSelectorValues ?? false };
  validateLabelSelector(term.labelSelector, path.child("labelSelector"), errors, selectorRules);
  validateLabelSelector(term.namespaceSelector, path.child("namespaceSelector"), errors, selectorRules);
  for (const name of term.namespaces ?? [])
    addMessages(nameIsDnsLabel(name, false), name, path.child("namespace"), errors);
  checkMatchLabelKeys(term.matchLabelKeys, term.mismatchLabelKeys, term.labelSelector, path, errors);
  if (term.topologyKey === "") errors.push(required(path.child("topologyKey"), "can not be empty"));
  validateLabelName(term.topologyKey, path.child("topologyKey"), errors);
}

function checkMatchLabelKeys(
  match: readonly string[] = [],
  mismatch: readonly string[] = [],
  selector: LabelSelector | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  checkLabelKeys(match, selector, path.child("matchLabelKeys"), errors);
  checkLabelKeys(mismatch, selector, path.child("mismatchLabelKeys"), errors);
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = match.indexOf(key);
    if (index >= 0 && seen.has(key))
      errors.push(invalid(path.index(index), key, "exists in both matchLabelKeys and labelSelector"));
    seen.add(key);
  }
  match.forEach((key, index) => {
    if (!mismatch.includes(key)) return;
    errors.push(
      invalid(path.child("matchLabelKeys").index(index), key, "exists in both matchLabelKeys and mismatchLabelKeys"),
    );
  });
}

function checkLabelKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (keys.length === 0) return;
  if (selector === undefined) errors.push(forbidden(path, "must not be specified when labelSelector is not set"));
  else checkEach(keys, path, errors, validateLabelName);
}

export function checkNodeSelector(selector: NodeSelector, path: FieldPath, errors: Errors, lenient = false): void {
  const at = path.child("nodeSelectorTerms");
  const { nodeSelectorTerms: terms = [] } = selector;
  if (terms.length === 0) errors.push(required(at, "must have at least one node selector term"));
  checkEach(terms, at, errors, (term, termPath) => checkNodeSelectorTerm(term, termPath, errors, lenient));
}

function checkNodeSelectorTerm(term: NodeSelectorTerm, path: FieldPath, errors: Errors, lenient: boolean): void {
  checkEach(term.matchExpressions, path.child("matchExpressions"), errors, (requirement, at) => {
    checkNodeRequirement(requirement, at, errors, lenient);
  });
  checkEach(term.matchFields, path.child("matchFields"), errors, checkFieldRequirement);
}

function checkNodeRequirement(
  requirement: NodeSelectorRequirement,
  path: FieldPath,
  errors: Errors,
  lenient: boolean,
): void {
  const { key, operator, values = [] } = requirement;
  const at = path.child("values");
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0) errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0)
        errors.push(forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case "Gt":
    case "Lt":
      if (values.length !== 1)
        errors.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalid(path.child("operator"), operator, "not a valid selector operator"));
  }
  validateLabelName(key, path.child("key"), errors);
  if (lenient) return;
  checkEach(values, at, errors, (value, valuePath) => addMessages(isValidLabelValue(value), value, valuePath, errors));
}

function checkFieldRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: FieldPath,
  errors: Errors,
): void {
  if (operator !== "In" && operator !== "NotIn") {
    errors.push(invalid(path.child("operator"), operator, "not a valid selector operator"));
  } else if (values.length !== 1) {
    errors.push(
      required(
        path.child("values"),
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      ),
    );
  }
  if (key !== "metadata.name") {
    errors.push(invalid(path.child("key"), key, "not a valid field selector key"));
    return;
  }
  checkEach(values, path.child("values"), errors, (value, at) =>
    addMessages(nameIsDnsSubdomain(value, false), value, at, errors),
  );
}

const unsatisfiable = ["DoNotSchedule", "ScheduleAnyway"];
const inclusionPolicies = ["Honor", "Ignore"];

export function checkSpreadConstraints(
  constraints: readonly TopologySpreadConstraint[],
  path: FieldPath,
  errors: Errors,
): void {
  constraints.forEach((constraint, index) => {
    const at = path.index(index);
    const { topologyKey, whenUnsatisfiable, minDomains } = constraint;
    checkPositive(constraint.maxSkew, at.child("maxSkew"), errors);
    if (topologyKey === "") errors.push(required(at.child("topologyKey"), "can not be empty"));
    checkOneOf(whenUnsatisfiable, unsatisfiable, at.child("whenUnsatisfiable"), errors);
    const repeated = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (repeated)
      errors.push(duplicate(at.child("{topologyKey, whenUnsatisfiable}"), `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined) {
      checkPositive(minDomains, at.child("minDomains"), errors);
      if (whenUnsatisfiable !== "DoNotSchedule") {
        const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
        errors.push(invalid(at.child("minDomains"), minDomains, detail));
      }
    }
    for (const field of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const) {
      const policy = constraint[field];
      if (policy !== undefined) checkOneOf(policy, inclusionPolicies, at.child(field), errors);
    }
    checkMatchLabelKeys(constraint.matchLabelKeys, undefined, constraint.labelSelector, at, errors);
    validateLabelSelector(constraint.labelSelector, at.child("labelSelector"), errors);
  });
}
