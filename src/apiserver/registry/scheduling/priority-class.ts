import type { PriorityClass } from "../../../api/index.ts";
import { fieldPath, forbidden, invalid, fieldImmutableError } from "../../../apimachinery/index.ts";
import { checkRequiredOneOf, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { ageColumn, defineTable, flag, integer, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const userPriorityMax = 1_000_000_000;
const systemPrefix = "system-";
/** The only ones that may have the prefix, with their values. */
export const systemPriorityClasses: ReadonlyMap<string, number> = new Map([
  ["system-node-critical", 2 * userPriorityMax + 1000],
  ["system-cluster-critical", 2 * userPriorityMax],
]);

export const priorityClassStrategy: Strategy<PriorityClass> = {
  prepareForCreate({ metadata }) {
    metadata.generation = 1;
  },
  validate: (priority) => collect((errors) => check(priority, errors)),
  validateUpdate: (priority, old) =>
    collect((errors) => {
      if ((priority.value ?? 0) !== (old.value ?? 0)) {
        errors.push(forbidden(fieldPath("value"), "may not be changed in an update."));
      }
      if (priority.preemptionPolicy !== old.preemptionPolicy) {
        const path = fieldPath("preemptionPolicy");
        errors.push(invalid(path, priority.preemptionPolicy ?? null, fieldImmutableError));
      }
    }),
  whyNotDelete: (name) =>
    systemPriorityClasses.has(name) ? "this is a system priority class and cannot be deleted" : undefined,
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    integer("Value", "How important its pods are.", ({ value }) => value ?? 0),
    flag("Global-Default", "Whether it is for pods that name no class.", ({ globalDefault }) => globalDefault ?? false),
    ageColumn,
    text("PreemptionPolicy", "Whether its pods may push others out.", ({ preemptionPolicy }) => preemptionPolicy ?? ""),
  ]),
};

function check(priority: PriorityClass, errors: Errors): void {
  const { name = "" } = priority.metadata;
  if (name.startsWith(systemPrefix)) {
    const wrong = systemError(priority);
    const why = `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: `;
    if (wrong !== undefined) errors.push(forbidden(fieldPath("metadata", "name"), `${why}${wrong}`));
  } else if ((priority.value ?? 0) > userPriorityMax) {
    const why = `maximum allowed value of a user defined priority is ${userPriorityMax}`;
    errors.push(forbidden(fieldPath("value"), why));
  }
  const { preemptionPolicy: policy } = priority;
  if (policy === undefined) return;
  checkRequiredOneOf(policy, ["PreemptLowerPriority", "Never"], fieldPath("preemptionPolicy"), errors);
}

function systemError({ metadata, value = 0, globalDefault = false }: PriorityClass): string | undefined {
  const { name = "" } = metadata;
  const expected = systemPriorityClasses.get(name);
  if (expected === undefined) return `${name} is not a known system priority class`;
  if (value !== expected) return `value of ${name} PriorityClass must be ${expected}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}
