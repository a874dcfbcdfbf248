import type { Lease } from "../../../api/index.ts";
import { type FieldPath, fieldPath, forbidden, invalid, isNegativeError } from "../../../apimachinery/index.ts";
import { checkOneOf, checkQualifiedName, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const check = ({ spec = {} }: Lease) => collect((errors) => checkSpec(spec, errors));

export const leaseStrategy: Strategy<Lease> = {
  prepareForCreate: ({ spec }) => dropCoordinated(spec),
  prepareForUpdate: ({ spec }, old) => dropCoordinated(spec, old.spec),
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

/** What the gate CoordinatedLeaderElection, off by default, would let writers say goes, unless it was there. */
function dropCoordinated(spec: Lease["spec"], old?: Lease["spec"]): void {
  if (spec === undefined) return;
  if (old?.strategy === undefined) delete spec.strategy;
  if (old?.preferredHolder === undefined) delete spec.preferredHolder;
}

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
