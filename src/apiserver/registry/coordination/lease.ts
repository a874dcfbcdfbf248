import type { Lease } from "../../../api/index.ts";
import { type FieldPath, fieldPath, forbidden, invalid, isNegativeError } from "../../../apimachinery/index.ts";
import { checkOneOf, checkQualifiedName, type Errors } from "../common/check.ts";
import type { GatedField } from "../common/gated-fields.ts";
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

export const gatedLeaseFields: readonly GatedField<Lease>[] = (["strategy", "preferredHolder"] as const).map(
  (field) => ({
    gate: "CoordinatedLeaderElection",
    isUsed: ({ spec }) => spec?.[field] !== undefined,
    drop({ spec }) {
      delete spec?.[field];
    },
  }),
);

function checkSpec(spec: Lease["spec"], errors: Errors): void {
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions, strategy = "", preferredHolder = "" } = spec;
  if (seconds !== undefined && seconds <= 0) {
    errors.push(invalid(specPath.child("leaseDurationSeconds"), seconds, "must be greater than 0"));
  }
  if (transitions !== undefined && transitions < 0) {
    errors.push(invalid(specPath.child("leaseTransitions"), transitions, isNegativeError));
  }
  if (spec.strategy !== undefined) checkStrategy(spec.strategy, specPath.child("strategy"), errors);
  if (preferredHolder !== "" && strategy === "") {
    errors.push(forbidden(specPath.child("preferredHolder"), "may only be specified if `strategy` is defined"));
  }
}

function checkStrategy(strategy: string, path: FieldPath, errors: Errors): void {
  if (strategy.includes("/")) checkQualifiedName(strategy, path, errors);
  else checkOneOf(strategy, ["OldestEmulationVersion"], path, errors);
}
