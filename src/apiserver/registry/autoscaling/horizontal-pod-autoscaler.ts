import type { autoscalingV1, autoscalingV2 } from "../../../api/index.ts";
import { type FieldError, fieldPath, forbidden, invalid, type KubeObject } from "../../../apimachinery/index.ts";
import { checkEach, checkNonNegative, type Errors } from "../common/check.ts";
import { collect, keep, statusOnly } from "../common/lifecycle.ts";
import type { Strategy } from "../contract.ts";
import { builtInConverters } from "../converters.ts";
import { checkMetric, checkReference, checkScalingRules } from "./metrics.ts";
import { autoscalerTable } from "./table.ts";

type Autoscaler = autoscalingV2.HorizontalPodAutoscaler;
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
    validate: (object) => checkSpec(read(object), 1),
    validateUpdate: (object, old) => checkSpec(read(object), old.spec.minReplicas === 0 ? 0 : 1),
    allowUnconditionalUpdate: true,
    status: statusOnly<T>((object, _old, errors) => {
      const { status } = object;
      checkNonNegative(status?.currentReplicas, statusPath.child("currentReplicas"), errors);
      checkNonNegative(status?.desiredReplicas, statusPath.child("desiredReplicas"), errors);
    }),
    table: autoscalerTable<T>(read),
  };
}

/** `least`: what `minReplicas` may be; a stored zero stays. */
function checkSpec({ spec }: Autoscaler, least: number): readonly FieldError[] {
  return collect((errors) => {
    const { minReplicas, maxReplicas, metrics = [], behavior } = spec;
    const maxPath = specPath.child("maxReplicas");
    if (minReplicas !== undefined && minReplicas < least) {
      errors.push(invalid(specPath.child("minReplicas"), minReplicas, `must be greater than or equal to ${least}`));
    }
    if (maxReplicas < 1) errors.push(invalid(maxPath, maxReplicas, "must be greater than 0"));
    if (minReplicas !== undefined && maxReplicas < minReplicas) {
      errors.push(invalid(maxPath, maxReplicas, "must be greater than or equal to `minReplicas`"));
    }
    checkReference(spec.scaleTargetRef, specPath.child("scaleTargetRef"), errors);
    checkEach(metrics, specPath.child("metrics"), errors, checkMetric);
    checkScaleToZero(minReplicas, metrics, errors);
    const at = specPath.child("behavior");
    for (const field of ["scaleUp", "scaleDown"] as const) {
      const rules = behavior?.[field];
      if (rules !== undefined) checkScalingRules(rules, at.child(field), errors);
    }
  });
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
