import type { CustomResourceDefinition } from "../../../api/index.ts";
import { fieldPath, semanticEqual } from "../../../apimachinery/index.ts";
import { approvalOf, isProtected } from "./approval.ts";
import { checkCaBundle } from "./ca-bundle.ts";
import { judgeNames, namesStand } from "./names.ts";

type Condition = NonNullable<NonNullable<CustomResourceDefinition["status"]>["conditions"]>[number];
type Status = NonNullable<CustomResourceDefinition["status"]>;

export type ConditionType = "NamesAccepted" | "Established" | "Terminating" | "KubernetesAPIApprovalPolicyConformant";

export interface WantedCondition {
  readonly type: ConditionType;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

export function isTrue({ status }: CustomResourceDefinition, type: ConditionType): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true;
}

/** The conditions with one set. Its time changes only with its status. */
export function withCondition(conditions: readonly Condition[], wanted: WantedCondition, nowText: string): Condition[] {
  const { type, status, reason, message } = wanted;
  const known = conditions.find((condition) => condition.type === type);
  const lastTransitionTime = known?.status === status ? (known.lastTransitionTime ?? nowText) : nowText;
  const set: Condition = { ...known, type, status, lastTransitionTime, reason, message };
  return known === undefined ? [...conditions, set] : conditions.map((one) => (one === known ? set : one));
}

/** The status that names and schemas lead to; `undefined` when it stands already. */
export function nextStatus(
  definition: CustomResourceDefinition,
  all: Iterable<CustomResourceDefinition>,
  nowText: string,
): Status | undefined {
  const { status = {} } = definition;
  const before = status.conditions ?? [];
  const { acceptedNames, wanted } = judge(definition, all);
  const approval = approvalCondition(definition);
  const conditions = [...wanted, ...(approval === undefined ? [] : [approval])].reduce<Condition[]>(
    (list, condition) => withCondition(list, condition, nowText),
    [...before],
  );
  const next: Status = {
    ...status,
    conditions,
    ...(acceptedNames === undefined ? {} : { acceptedNames }),
    storedVersions: [...(status.storedVersions ?? [])],
  };
  const same =
    JSON.stringify(conditions) === JSON.stringify(before) && semanticEqual(next.acceptedNames, status.acceptedNames);
  return same ? undefined : next;
}

interface Judgement {
  readonly acceptedNames: Status["acceptedNames"];
  readonly wanted: readonly WantedCondition[];
}

function judge(definition: CustomResourceDefinition, all: Iterable<CustomResourceDefinition>): Judgement {
  const stands = namesStand(definition) && isTrue(definition, "NamesAccepted");
  const { accepted, conflict } = judgeNames(definition, all);
  const isAccepted = stands || conflict === undefined;
  const names: WantedCondition = isAccepted
    ? { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" }
    : { type: "NamesAccepted", status: "False", ...conflict };
  const established = isTrue(definition, "Established") ? [] : [establishedCondition(definition, isAccepted)];
  return {
    acceptedNames: stands ? definition.status?.acceptedNames : { ...accepted },
    wanted: [...(stands ? [] : [names]), ...established],
  };
}

function establishedCondition({ spec }: CustomResourceDefinition, isAccepted: boolean): WantedCondition {
  const type = "Established";
  if (!isAccepted) return { type, status: "False", reason: "NotAccepted", message: "not all names are accepted" };
  const bundle = spec.conversion?.webhook?.clientConfig?.caBundle ?? "";
  if (checkCaBundle(fieldPath("caBundle"), bundle).length > 0) {
    const message = "The conversion webhook CABundle is invalid";
    return { type, status: "False", reason: "InvalidCABundle", message };
  }
  return { type, status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" };
}

const approvalReasons = {
  missing: "MissingAnnotation",
  bypassed: "UnapprovedAnnotation",
  approved: "ApprovedAnnotation",
  invalid: "InvalidAnnotation",
} as const;

/** Of definitions in groups of the Kubernetes project. */
function approvalCondition(definition: CustomResourceDefinition): WantedCondition | undefined {
  if (!isProtected(definition.spec.group)) return undefined;
  const { state, why } = approvalOf(definition);
  const status = state === "approved" ? "True" : "False";
  return { type: "KubernetesAPIApprovalPolicyConformant", status, reason: approvalReasons[state], message: why };
}

/** On the way to deletion; upstream's reasons and messages. */
export const terminating = {
  pending: {
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionPending",
    message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
  },
  inProgress: {
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionInProgress",
    message: "CustomResource deletion is in progress",
  },
  completed: {
    type: "Terminating",
    status: "False",
    reason: "InstanceDeletionCompleted",
    message: "removed all instances",
  },
  neverEstablished: {
    type: "Terminating",
    status: "False",
    reason: "NeverEstablished",
    message: "resource was never established",
  },
  overlapping: {
    type: "Terminating",
    status: "False",
    reason: "OverlappingBuiltInResource",
    message: "instances overlap with built-in resources in storage",
  },
  failed: (why: string) => ({
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionFailed",
    message: why,
  }),
  unconfirmed: (why: string) => ({
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionCheck",
    message: `could not confirm zero CustomResources remaining: ${why}`,
  }),
} as const satisfies Record<string, WantedCondition | ((why: string) => WantedCondition)>;
