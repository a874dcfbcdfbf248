import type { PodDisruptionBudget } from "../../../api/index.ts";
import {
  fieldPath,
  type IntOrString,
  invalid,
  labelSelectorHasInvalidValue,
  validateConditions,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { checkNonNegative, checkOneOf, type Errors } from "../common/check.ts";
import { collect, specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { checkAtMost100Percent, checkIntOrPercent } from "../common/selector-and-template.ts";
import { ageColumn, defineTable, integer, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

type Spec = PodDisruptionBudget["spec"];

const specPath = fieldPath("spec");
const statusPath = fieldPath("status");
const counts = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const;

export const podDisruptionBudgetStrategy: Strategy<PodDisruptionBudget> = {
  ...specAndStatus<PodDisruptionBudget>(),
  validate: ({ spec = {} }) => collect((errors) => checkSpec(spec, undefined, errors)),
  validateUpdate: ({ spec = {} }, old) => collect((errors) => checkSpec(spec, old.spec, errors)),
  allowUnconditionalUpdate: false,
  status: statusOnly<PodDisruptionBudget>(({ status = {} }, _old, errors) => {
    validateConditions(status.conditions ?? [], statusPath.child("conditions"), errors);
    for (const field of counts) checkNonNegative(status[field], statusPath.child(field), errors);
  }),
  table: defineTable([
    nameColumn,
    text("Min Available", "How many pods must stay.", ({ spec }) => shown(spec?.minAvailable)),
    text("Max Unavailable", "How many pods may be gone.", ({ spec }) => shown(spec?.maxUnavailable)),
    integer("Allowed Disruptions", "How many pods may go now.", ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn,
  ]),
};

function shown(value: IntOrString | undefined): string {
  return value === undefined ? "N/A" : String(value);
}

function checkSpec(spec: Spec, old: Spec | undefined, errors: Errors): void {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.push(invalid(specPath, goSpec(spec), "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const field of ["minAvailable", "maxUnavailable"] as const) {
    checkIntOrPercent(spec[field], specPath.child(field), errors);
    checkAtMost100Percent(spec[field], specPath.child(field), errors);
  }
  const allowInvalidValues = labelSelectorHasInvalidValue(old?.selector);
  validateLabelSelector(selector, specPath.child("selector"), errors, { allowInvalidValues });
  const at = specPath.child("unhealthyPodEvictionPolicy");
  if (policy !== undefined) checkOneOf(policy, ["AlwaysAllow", "IfHealthyBudget"], at, errors);
}

/** As Go shows its internal type. */
function goSpec({ minAvailable, selector, maxUnavailable, unhealthyPodEvictionPolicy }: Spec): object {
  return {
    MinAvailable: minAvailable ?? null,
    Selector: selector ?? null,
    MaxUnavailable: maxUnavailable ?? null,
    UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
  };
}
