import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "../../../api/index.ts";
import { formatLabelSelector } from "../../../apimachinery/index.ts";
import { specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, integer, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

/** Expressions are checked where they are compiled, in admission. */
export const validatingPolicyStrategy: Strategy<ValidatingAdmissionPolicy> = {
  ...specAndStatus<ValidatingAdmissionPolicy>(),
  status: statusOnly<ValidatingAdmissionPolicy>(),
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    integer("Validations", "How many expressions it has.", ({ spec }) => spec?.validations?.length ?? 0),
    text("ParamKind", "The kind of its parameters.", ({ spec }) => {
      const { apiVersion = "", kind = "" } = spec?.paramKind ?? {};
      return spec?.paramKind === undefined ? "<unset>" : `${apiVersion}/${kind}`;
    }),
    ageColumn,
  ]),
};

export const validatingPolicyBindingStrategy: Strategy<ValidatingAdmissionPolicyBinding> = {
  ...specAndStatus<ValidatingAdmissionPolicyBinding>(),
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    text("PolicyName", "The policy it applies.", ({ spec }) => spec?.policyName ?? ""),
    text("ParamRef", "The parameters it applies it with.", ({ spec }) => {
      const { name = "", namespace = "", selector } = spec?.paramRef ?? {};
      if (name !== "") return `${namespace === "" ? "*" : namespace}/${name}`;
      return selector === undefined ? "<unset>" : formatLabelSelector(selector);
    }),
    ageColumn,
  ]),
};
