import type { autoscalingV1, autoscalingV2 } from "../../../api/index.ts";
import {
  type FieldError,
  fieldPath,
  forbidden,
  invalid,
  type KubeObject,
  required,
} from "../../../apimachinery/index.ts";
import { checkEach, checkNonNegative, type Errors } from "../common/check.ts";
import { collect, keep, statusOnly } from "../common/lifecycle.ts";
import type { Strategy } from "../contract.ts";
import { builtInConverters } from "../converters.ts";
import { checkMetric, checkReference, checkScalingRules, type VersionRule, versionProblem } from "./metrics.ts";
import { autoscalerTable } from "./table.ts";

type Autoscaler = autoscalingV2.HorizontalPodAutoscaler;
type Spec = Autoscaler["spec"];
type AutoscalerV1 = autoscalingV1.HorizontalPodAutoscaler;

const specPath = fieldPath("spec");
const statusPath = fieldPath("status");

export const autoscalerStrategy = autoscalerRules<Autoscaler>((object) => object);
/** Rules are those of version 2, whatever the request spoke. */
export const autoscalerV1Strategy = autoscalerRules<AutoscalerV1>(asVersion2);

function asVersion2(object: AutoscalerV1): Autoscaler {
  const converted = builtInConverters
    .get("HorizontalPodAutoscaler")
    ?.convert(object as KubeObject, "autoscaling/v1", "autoscaling/v2");
  return (converted ?? object) as unknown as Autoscaler;
}

function autoscalerRules<T extends Autoscaler | AutoscalerV1>(read: (object: T) => Autoscaler): Strategy<T> {
  return {
    prepareForCreate(object) {
      delete object.status;
    },
    prepareForUpdate: (object, old) => keep<Autoscaler | AutoscalerV1, "status">(object, old, "status"),
    validate: (object) => checkSpec(read(object)),
    validateUpdate: (object, old) => checkSpec(read(object), read(old)),
    allowUnconditionalUpdate: true,
    status: statusOnly<T>((object, _old, errors) => {
      const { status } = object;
      checkNonNegative(status?.currentReplicas, statusPath.child("currentReplicas"), errors);
      checkNonNegative(status?.desiredReplicas, statusPath.child("desiredReplicas"), errors);
    }),
    table: autoscalerTable<T>(read),
  };
}

/** What was stored and would be refused now stays: zero replicas, and odd versions of references. */
function checkSpec({ spec }: Autoscaler, old?: Autoscaler): readonly FieldError[] {
  return collect((errors) => {
    const least = old?.spec.minReplicas === 0 ? 0 : 1;
    const { minReplicas, maxReplicas, metrics = [], behavior } = spec;
    const maxPath = specPath.child("maxReplicas");
    if (minReplicas !== undefined && minReplicas < least) {
      errors.push(invalid(specPath.child("minReplicas"), minReplicas, `must be greater than or equal to ${least}`));
    }
    if (maxReplicas === 0) errors.push(required(maxPath, "must be set and greater than 0"));
    else if (maxReplicas < 0) errors.push(invalid(maxPath, maxReplicas, "must be greater than or equal to 1"));
    if (minReplicas !== undefined && maxReplicas < minReplicas) {
      errors.push(invalid(maxPath, maxReplicas, "must be greater than or equal to `minReplicas`"));
    }
    checkReference(spec.scaleTargetRef, specPath.child("scaleTargetRef"), errors, targetVersions(spec, old?.spec));
    const described = describedVersions(old?.spec.metrics);
    checkEach(metrics, specPath.child("metrics"), errors, (metric, at) => checkMetric(metric, at, errors, described));
    checkScaleToZero(minReplicas, metrics, errors);
    const at = specPath.child("behavior");
    for (const field of ["scaleUp", "scaleDown"] as const) {
      const rules = behavior?.[field];
      if (rules !== undefined) checkScalingRules(rules, at.child(field), errors);
    }
  });
}

function targetVersions({ scaleTargetRef: now }: Spec, old: Spec | undefined): VersionRule {
  const before = old?.scaleTargetRef;
  if (before !== undefined && before.apiVersion === now.apiVersion && before.kind === now.kind) return "any";
  return now.kind === "ReplicationController" ? "wellFormed" : "grouped";
}

function describedVersions(old: Spec["metrics"] = []): VersionRule {
  const hasInvalid = old.some(({ type, object }) => {
    if (type !== "Object" || object === undefined) return false;
    return versionProblem(object.describedObject.apiVersion ?? "", "wellFormed") !== undefined;
  });
  return hasInvalid ? "any" : "wellFormed";
}

function checkScaleToZero(
  minReplicas: number | undefined,
  metrics: readonly autoscalingV2.MetricSpec[],
  errors: Errors,
): void {
  if (minReplicas !== 0 || metrics.some(({ type }) => type === "Object" || type === "External")) return;
  const why = "must specify at least one Object or External metric to support scaling to zero replicas";
  errors.push(forbidden(specPath.child("metrics"), why));
}
