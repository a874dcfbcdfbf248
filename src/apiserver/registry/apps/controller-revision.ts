import type { ControllerRevision } from "../../../api/index.ts";
import { fieldPath, required, validateImmutableField } from "../../../apimachinery/index.ts";
import { checkNonNegative, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

export const controllerRevisionStrategy: Strategy<ControllerRevision> = {
  validate: ({ data, revision }) =>
    collect((errors) => {
      checkNonNegative(revision, fieldPath("revision"), errors);
      checkData(data, errors);
    }),
  validateUpdate: (revision, old) =>
    collect((errors) => {
      checkNonNegative(revision.revision, fieldPath("revision"), errors);
      validateImmutableField(revision.data, old.data, fieldPath("data"), errors);
    }),
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text("Controller", "Whose revision it is.", ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
      if (owner === undefined) return "<none>";
      const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : "";
      return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
    }),
    text("Revision", "The number of the revision.", ({ revision }) => revision),
    ageColumn,
  ]),
};

function checkData(data: unknown, errors: Errors): void {
  const at = fieldPath("data");
  if (data === undefined || data === null) errors.push(required(at, "data is mandatory"));
  else if (typeof data !== "object" || Array.isArray(data)) {
    errors.push(required(at, "data must be a valid JSON object"));
  }
}
