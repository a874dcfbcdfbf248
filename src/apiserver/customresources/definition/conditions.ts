import type { CustomResourceDefinition } from "../../../api/index.ts";
import { semanticEqual } from "../../../apimachinery/index.ts";
import type { NameVerdict } from "./names.ts";

type Condition = NonNullable<NonNullable<CustomResourceDefinition["status"]>["conditions"]>[number];
type Status = NonNullable<CustomResourceDefinition["status"]>;

/** The status that the verdict on the names leads to; `undefined` when it stands already. */
export function nextStatus(
  definition: CustomResourceDefinition,
  verdict: NameVerdict,
  nowText: string,
): Status | undefined {
  const before = definition.status?.conditions ?? [];
  const established = before.some(({ type, status }) => type === "Established" && status === "True");
  const wanted: Omit<Condition, "lastTransitionTime">[] = [
    verdict.conflict === undefined
      ? { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" }
      : { type: "NamesAccepted", status: "False", ...verdict.conflict },
    verdict.conflict === undefined || established
      ? {
          type: "Established",
          status: "True",
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        }
      : { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" },
    ...(definition.metadata.deletionTimestamp === undefined
      ? []
      : [
          {
            type: "Terminating",
            status: "True",
            reason: "InstanceDeletionInProgress",
            message: "CustomResource deletion is in progress",
          },
        ]),
  ];
  const conditions = wanted.map((condition) => stamped(condition, before, nowText));
  const next: Status = {
    ...definition.status,
    conditions,
    acceptedNames: { ...verdict.accepted },
    storedVersions: [...(definition.status?.storedVersions ?? [])],
    ...(definition.metadata.generation === undefined ? {} : { observedGeneration: definition.metadata.generation }),
  };
  return JSON.stringify(next.conditions) === JSON.stringify(before) &&
    semanticEqual(next.acceptedNames, definition.status?.acceptedNames) &&
    next.observedGeneration === definition.status?.observedGeneration
    ? undefined
    : next;
}

function stamped(
  wanted: Omit<Condition, "lastTransitionTime">,
  before: readonly Condition[],
  nowText: string,
): Condition {
  const known = before.find(({ type }) => type === wanted.type);
  const { type, status, reason, message } = wanted;
  const time = known?.status === status ? (known.lastTransitionTime ?? nowText) : nowText;
  return {
    type,
    status,
    lastTransitionTime: time,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}
