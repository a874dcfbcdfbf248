import type { CSIStorageCapacity } from "../../../api/index.ts";
import {
  fieldImmutableError,
  fieldPath,
  invalid,
  labelSelectorHasInvalidValue,
  semanticEqual,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { checkObjectName, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { nodeSelectorWarnings } from "../common/node-label-warnings.ts";
import { checkNonNegativeQuantity } from "../common/resources.ts";
import { createdAtColumn, defineTable, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

export const csiStorageCapacityStrategy: Strategy<CSIStorageCapacity> = {
  validate: (stored) => collect((errors) => check(stored, undefined, errors)),
  validateUpdate: (stored, old) =>
    collect((errors) => {
      check(stored, old, errors);
      // What was asked of the driver stays; only its answer changes.
      for (const field of ["nodeTopology", "storageClassName"] as const) {
        if (semanticEqual({ [field]: stored[field] }, { [field]: old[field] })) continue;
        errors.push(invalid(fieldPath(field), stored[field] ?? null, fieldImmutableError));
      }
    }),
  warningsOnCreate: topologyWarnings,
  warningsOnUpdate: topologyWarnings,
  allowUnconditionalUpdate: false,
  table: defineTable([nameColumn, createdAtColumn]),
};

function check(
  { nodeTopology, storageClassName, capacity }: CSIStorageCapacity,
  old: CSIStorageCapacity | undefined,
  errors: Errors,
): void {
  const allowInvalidValues = labelSelectorHasInvalidValue(old?.nodeTopology);
  validateLabelSelector(nodeTopology, fieldPath("nodeTopology"), errors, { allowInvalidValues });
  checkObjectName(storageClassName, fieldPath("storageClassName"), errors);
  if (capacity !== undefined) checkNonNegativeQuantity(capacity, fieldPath("capacity"), errors);
}

function topologyWarnings({ nodeTopology }: CSIStorageCapacity): readonly string[] {
  return nodeSelectorWarnings(nodeTopology, fieldPath("nodeTopology"));
}
