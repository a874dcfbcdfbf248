import type { RuntimeClass, Toleration } from "../../../api/index.ts";
import {
  duplicate,
  fieldPath,
  isDns1123Label,
  semanticEqual,
  validateImmutableField,
  validateLabels,
  required,
} from "../../../apimachinery/index.ts";
import { addMessages, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { nodeLabelWarning } from "../common/node-label-warnings.ts";
import { checkContainerResources } from "../common/resources.ts";
import { checkTolerations } from "../common/scheduling.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const handlerPath = fieldPath("handler");
const schedulingPath = fieldPath("scheduling");

export const runtimeClassStrategy: Strategy<RuntimeClass> = {
  validate: (runtime) => collect((errors) => check(runtime, errors)),
  validateUpdate: (runtime, old) =>
    collect((errors) => {
      check(runtime, errors);
      validateImmutableField(runtime.handler, old.handler, handlerPath, errors);
    }),
  warningsOnCreate: labelWarnings,
  warningsOnUpdate: labelWarnings,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  table: defineTable([nameColumn, text("Handler", "What runs its pods.", ({ handler }) => handler), ageColumn]),
};

function labelWarnings({ scheduling }: RuntimeClass): readonly string[] {
  return Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
    const message = nodeLabelWarning(key);
    return message === undefined ? [] : [`${schedulingPath.child("nodeSelector")}: ${message}`];
  });
}

function check({ handler, overhead, scheduling }: RuntimeClass, errors: Errors): void {
  if ((handler ?? "") === "") errors.push(required(handlerPath));
  else addMessages(isDns1123Label(handler), handler, handlerPath, errors);
  if (overhead !== undefined) {
    checkContainerResources({ limits: overhead.podFixed ?? {} }, new Set(), fieldPath("overhead"), errors);
  }
  if (scheduling === undefined) return;
  validateLabels(scheduling.nodeSelector ?? {}, schedulingPath.child("nodeSelector"), errors);
  checkDistinctTolerations(scheduling.tolerations ?? [], errors);
}

function checkDistinctTolerations(tolerations: readonly Toleration[], errors: Errors): void {
  const path = schedulingPath.child("tolerations");
  checkTolerations(tolerations, path, errors);
  for (const [index, toleration] of tolerations.entries()) {
    const seen = tolerations.slice(0, index).some((other) => semanticEqual(other, toleration));
    if (seen) errors.push(duplicate(path.index(index), toleration));
  }
}
