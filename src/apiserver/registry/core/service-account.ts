import type { ServiceAccount } from "../../../api/index.ts";
import { fieldPath } from "../../../apimachinery/index.ts";
import { ageColumn, defineTable, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const mountable = "kubernetes.io/enforce-mountable-secrets";
const isLimited = ({ metadata }: ServiceAccount) => metadata.annotations?.[mountable] !== undefined;
const mountableWarning = `${fieldPath("metadata", "annotations").key(mountable)}: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`;

/** Secrets are those of the account's namespace: nothing but their names is kept. */
function keepNames(account: ServiceAccount): void {
  account.secrets = account.secrets?.map(({ name }) => (name === undefined ? {} : { name }));
  if (account.secrets === undefined) delete account.secrets;
}

export const serviceAccountStrategy: Strategy<ServiceAccount> = {
  prepareForCreate: keepNames,
  prepareForUpdate: keepNames,
  warningsOnCreate: (account) => (isLimited(account) ? [mountableWarning] : []),
  warningsOnUpdate: (account, old) => (isLimited(account) && !isLimited(old) ? [mountableWarning] : []),
  allowUnconditionalUpdate: true,
  table: defineTable([nameColumn, ageColumn]),
};
