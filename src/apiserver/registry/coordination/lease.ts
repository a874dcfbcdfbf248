import type { Lease } from "../../../api/index.ts";
import { fieldPath, invalid, isNegativeError } from "../../../apimachinery/index.ts";
import type { Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const check = ({ spec = {} }: Lease) => collect((errors) => checkSpec(spec, errors));

export const leaseStrategy: Strategy<Lease> = {
  validate: check,
  validateUpdate: check,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    text("Holder", "Who holds it.", ({ spec }) => spec?.holderIdentity ?? ""),
    ageColumn,
  ]),
};

function checkSpec(spec: Lease["spec"], errors: Errors): void {
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions, strategy = "", preferredHolder = "" } = spec;
  if (seconds !== undefined && seconds <= 0) {
    errors.push(invalid(specPath.child("leaseDurationSeconds"), seconds, "must be greater than 0"));
  }
  if (transitions !== undefined && transitions < 0) {
    errors.push(invalid(specPath.child("leaseTransitions"), transitions, isNegativeError));
  }
  if (preferredHolder !== "" && strategy === "") {
    const why = "may only be specified if `strategy` is defined";
    errors.push(invalid(specPath.child("preferredHolder"), preferredHolder, why));
  }
}
