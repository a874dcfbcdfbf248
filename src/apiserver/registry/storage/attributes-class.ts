import type { VolumeAttributesClass } from "../../../api/index.ts";
import { fieldPath, forbidden, required, semanticEqual } from "../../../apimachinery/index.ts";
import type { Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkParameters, checkProvisioner } from "./storage-class.ts";

export const volumeAttributesClassStrategy: Strategy<VolumeAttributesClass> = {
  validate: (attributes) => collect((errors) => check(attributes, errors)),
  validateUpdate: (attributes, old) =>
    collect((errors) => {
      for (const field of ["driverName", "parameters"] as const) {
        if (semanticEqual(attributes[field], old[field])) continue;
        errors.push(forbidden(fieldPath(field), `updates to ${field} are forbidden.`));
      }
      check(attributes, errors);
    }),
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text("DriverName", "Whose attributes they are.", ({ driverName }) => driverName),
    ageColumn,
  ]),
};

function check({ driverName, parameters = {} }: VolumeAttributesClass, errors: Errors): void {
  checkProvisioner(driverName, fieldPath("driverName"), errors);
  checkParameters(parameters, errors);
  if (Object.keys(parameters).length > 0) return;
  errors.push(required(fieldPath("parameters"), "must contain at least one key/value pair"));
}
