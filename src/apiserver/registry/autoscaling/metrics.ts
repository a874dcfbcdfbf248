import type { autoscalingV2 } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  isPathSegmentName,
  notSupported,
  parseQuantity,
  required,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkLabel, checkPositive, type Errors } from "../common/check.ts";
import { checkContainerResourceName } from "../common/resources.ts";

type Metric = autoscalingV2.MetricSpec;
type Target = autoscalingV2.MetricTarget;

/** By type; in the order in which upstream looks at them. */
const sourceFields = {
  Object: "object",
  External: "external",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
} as const;
const types = Object.keys(sourceFields).sort();

export function checkMetric(metric: Metric, path: FieldPath, errors: Errors, versions: VersionRule): void {
  const { type } = metric;
  const typePath = path.child("type");
  const expected = sourceFields[type as keyof typeof sourceFields];
  if (type === "") errors.push(required(typePath, "must specify a metric source type"));
  if (expected === undefined) errors.push(notSupported(typePath, type, types));
  const present = Object.values(sourceFields).filter((field) => metric[field] !== undefined);
  const [first] = present;
  if (first !== undefined) checkSource(metric, first, path.child(first), errors, versions);
  if (expected === undefined) errors.push(notSupported(typePath, type, types));
  else if (metric[expected] === undefined) {
    errors.push(required(path.child(expected), "must populate information for the given metric source"));
  }
  if (present.length === 1) return;
  for (const field of present.filter((one) => one !== expected)) {
    errors.push(forbidden(path.child(field), "must populate the given metric source only"));
  }
}

function checkSource(
  { object, external, pods, resource, containerResource }: Metric,
  field: (typeof sourceFields)[keyof typeof sourceFields],
  path: FieldPath,
  errors: Errors,
  versions: VersionRule,
): void {
  if (field === "object" && object !== undefined) checkObject(object, path, errors, versions);
  else if (field === "external" && external !== undefined) checkExternal(external, path, errors);
  else if (field === "pods" && pods !== undefined) {
    checkIdentified(pods, path, errors);
    if (pods.target.averageValue === undefined) {
      errors.push(required(averageOf(path), "must specify a positive target averageValue"));
    }
  } else if (field === "resource" && resource !== undefined) {
    if (resource.name === "") errors.push(required(path.child("name"), "must specify a resource name"));
    checkUsage(resource.target, path, errors);
  } else if (containerResource !== undefined) checkContainerResource(containerResource, path, errors);
}

function averageOf(path: FieldPath): FieldPath {
  return path.child("target").child("averageValue");
}

function checkObject(
  source: autoscalingV2.ObjectMetricSource,
  path: FieldPath,
  errors: Errors,
  versions: VersionRule,
): void {
  checkReference(source.describedObject, path.child("describedObject"), errors, versions);
  checkIdentified(source, path, errors);
  const { value, averageValue } = source.target;
  if (value === undefined && averageValue === undefined) {
    errors.push(required(averageOf(path), "must set either a target value or averageValue"));
  }
}

function checkExternal(source: autoscalingV2.ExternalMetricSource, path: FieldPath, errors: Errors): void {
  checkIdentified(source, path, errors);
  const { value, averageValue } = source.target;
  if (value === undefined && averageValue === undefined) {
    errors.push(required(averageOf(path), "must set either a target value for metric or a per-pod target"));
  }
  if (value !== undefined && averageValue !== undefined) {
    const why = "may not set both a target value for metric and a per-pod target";
    errors.push(forbidden(path.child("target").child("value"), why));
  }
}

function checkContainerResource(
  { name, container, target }: autoscalingV2.ContainerResourceMetricSource,
  path: FieldPath,
  errors: Errors,
): void {
  if (name === "") errors.push(required(path.child("name"), "must specify a resource name"));
  else checkContainerResourceName(name, path.child("name"), errors);
  if (container === "") errors.push(required(path.child("container"), "must specify a container"));
  else checkLabel(container, path.child("container"), errors);
  checkUsage(target, path, errors);
}

/** Of resources: a share of what is requested, or an amount. */
function checkUsage(target: Target, path: FieldPath, errors: Errors): void {
  const { averageUtilization: utilization, averageValue } = target;
  checkTarget(target, path.child("target"), errors);
  if (utilization === undefined && averageValue === undefined) {
    const why = "must set either a target raw value or a target utilization";
    errors.push(required(path.child("target").child("averageUtilization"), why));
  }
  if (utilization !== undefined && averageValue !== undefined) {
    errors.push(forbidden(averageOf(path), "may not set both a target raw value and a target utilization"));
  }
}

function checkIdentified(
  { metric, target }: { readonly metric: autoscalingV2.MetricIdentifier; readonly target: Target },
  path: FieldPath,
  errors: Errors,
): void {
  const at = path.child("metric").child("name");
  if (metric.name === "") errors.push(required(at, "must specify a metric name"));
  else addMessages(isPathSegmentName(metric.name), metric.name, at, errors);
  checkTarget(target, path.child("target"), errors);
}

const targetTypes = ["Utilization", "Value", "AverageValue"];

function checkTarget(target: Target, path: FieldPath, errors: Errors): void {
  const { type, averageUtilization: utilization } = target;
  const typePath = path.child("type");
  if (type === "") errors.push(required(typePath, "must specify a metric target type"));
  if (!targetTypes.includes(type)) {
    errors.push(invalid(typePath, type, "must be either Utilization, Value, or AverageValue"));
  }
  for (const field of ["value", "averageValue"] as const) {
    const amount = target[field];
    if (amount === undefined || parseQuantity(amount).sign > 0) continue;
    errors.push(invalid(path.child(field), amount, "must be positive"));
  }
  if (utilization !== undefined && utilization < 1) {
    errors.push(invalid(path.child("averageUtilization"), utilization, "must be greater than 0"));
  }
}

/** Which API versions references may have: of a named group, also of the core's, or any text. */
export type VersionRule = "grouped" | "wellFormed" | "any";

/** What is wrong with the API version of a reference. */
export function versionProblem(apiVersion: string, rule: VersionRule): string | undefined {
  if (rule === "any") return undefined;
  const parts = apiVersion.split("/");
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const hasGroup = parts.length === 2 && parts[0] !== "";
  return rule === "grouped" && !hasGroup ? "apiVersion must specify API group" : undefined;
}

export function checkReference(
  reference: autoscalingV2.CrossVersionObjectReference,
  path: FieldPath,
  errors: Errors,
  versions: VersionRule,
): void {
  for (const field of ["kind", "name"] as const) {
    const value = reference[field];
    if (value === "") errors.push(required(path.child(field)));
    else addMessages(isPathSegmentName(value), value, path.child(field), errors);
  }
  const { apiVersion = "" } = reference;
  const problem = versionProblem(apiVersion, versions);
  if (problem !== undefined) errors.push(invalid(path.child("apiVersion"), apiVersion, problem));
}

const windowMax = 3600;
const periodMax = 1800;

export function checkScalingRules(rules: autoscalingV2.HPAScalingRules, path: FieldPath, errors: Errors): void {
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const windowPath = path.child("stabilizationWindowSeconds");
  if (window !== undefined && window < 0) {
    errors.push(invalid(windowPath, window, "must be greater than or equal to zero"));
  }
  if (window !== undefined && window > windowMax) {
    errors.push(invalid(windowPath, window, `must be less than or equal to ${windowMax}`));
  }
  const selections = ["Disabled", "Max", "Min"];
  if (selectPolicy !== undefined && !selections.includes(selectPolicy)) {
    errors.push(notSupported(path.child("selectPolicy"), selectPolicy, selections));
  }
  const at = path.child("policies");
  if (policies.length === 0) errors.push(required(at, "must specify at least one Policy"));
  checkEach(policies, at, errors, checkPolicy);
  if (tolerance !== undefined && parseQuantity(tolerance).sign < 0) {
    errors.push(invalid(path.child("tolerance"), tolerance, "must be greater than or equal to 0"));
  }
}

function checkPolicy(policy: autoscalingV2.HPAScalingPolicy, path: FieldPath, errors: Errors): void {
  const { type, value, periodSeconds } = policy;
  if (type !== "Pods" && type !== "Percent") errors.push(notSupported(path.child("type"), type, ["Percent", "Pods"]));
  checkPositive(value, path.child("value"), errors);
  checkPositive(periodSeconds, path.child("periodSeconds"), errors);
  if (periodSeconds > periodMax) {
    const why = `must be less than or equal to ${periodMax}`;
    errors.push(invalid(path.child("periodSeconds"), periodSeconds, why));
  }
}
