import type { ServiceAccount } from "../../../api/index.ts";
import { fieldPath } from "../../../apimachinery/index.ts";
import { ageColumn, defineTable, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const mountable = "kubernetes.io/enforce-mountable-secrets";
const isLimited = ({ metadata }: ServiceAccount) => metadata.annotations?.[mountable] === "true";
const mountableWarning = `${fieldPath("metadata", "annotations").key(mountable)}: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`;

export const serviceAccountStrategy: Strategy<ServiceAccount> = {
  warningsOnCreate: (account) => (isLimited(account) ? [mountableWarning] : []),
  warningsOnUpdate: (account, old) => (isLimited(account) && !isLimited(old) ? [mountableWarning] : []),
  allowUnconditionalUpdate: true,
  table: defineTable([nameColumn, ageColumn]),
};
