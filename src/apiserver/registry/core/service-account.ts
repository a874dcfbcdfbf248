import type { ServiceAccount } from "../../../api/index.ts";
import { ageColumn, defineTable, integer, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

export const serviceAccountStrategy: Strategy<ServiceAccount> = {
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    integer("Secrets", "How many secrets its pods may use.", ({ secrets }) => secrets?.length ?? 0),
    ageColumn,
  ]),
};
