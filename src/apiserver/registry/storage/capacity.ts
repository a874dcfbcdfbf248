import type { CSIStorageCapacity } from "../../../api/index.ts";
import {
  fieldImmutableError,
  fieldPath,
  invalid,
  semanticEqual,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { checkObjectName } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { nodeSelectorWarnings } from "../common/node-label-warnings.ts";
import { checkNonNegativeQuantity } from "../common/resources.ts";
import { createdAtColumn, defineTable, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

export const csiStorageCapacityStrategy: Strategy<CSIStorageCapacity> = {
  validate: ({ nodeTopology, storageClassName, capacity }) =>
    collect((errors) => {
      validateLabelSelector(nodeTopology, fieldPath("nodeTopology"), errors);
      checkObjectName(storageClassName, fieldPath("storageClassName"), errors);
      if (capacity !== undefined) checkNonNegativeQuantity(capacity, fieldPath("capacity"), errors);
    }),
  validateUpdate: (stored, old) =>
    collect((errors) => {
      // What was asked of the driver stays; only its answer changes.
      for (const field of ["nodeTopology", "storageClassName"] as const) {
        if (semanticEqual(stored[field], old[field])) continue;
        errors.push(invalid(fieldPath(field), stored[field] ?? null, fieldImmutableError));
      }
    }),
  warningsOnCreate: topologyWarnings,
  warningsOnUpdate: topologyWarnings,
  allowUnconditionalUpdate: false,
  table: defineTable([nameColumn, createdAtColumn]),
};

function topologyWarnings({ nodeTopology }: CSIStorageCapacity): readonly string[] {
  return nodeSelectorWarnings(nodeTopology, fieldPath("nodeTopology"));
}
