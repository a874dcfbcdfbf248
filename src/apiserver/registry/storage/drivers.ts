import type { CSIDriver, CSINode } from "../../../api/index.ts";
import { duplicate, fieldPath, invalid, required, validateImmutableField } from "../../../apimachinery/index.ts";
import { checkEach, checkOneOf, checkRequired, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { ageColumn, defineTable, flag, integer, nameColumn, none, text } from "../common/table.ts";
import { checkCsiDriverName } from "../common/volumes.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const tokenSecondsMin = 600;

export const csiDriverStrategy: Strategy<CSIDriver> = {
  validate: (driver) =>
    collect((errors) => {
      checkCsiDriverName(driver.metadata.name ?? "", fieldPath("name"), errors);
      checkDriver(driver.spec ?? {}, errors);
    }),
  validateUpdate: ({ spec = {} }, old) =>
    collect((errors) => {
      checkDriver(spec, errors);
      const before = old.spec ?? {};
      validateImmutableField(spec.attachRequired, before.attachRequired, specPath.child("attachedRequired"), errors);
      const modesPath = specPath.child("volumeLifecycleModes");
      validateImmutableField(spec.volumeLifecycleModes, before.volumeLifecycleModes, modesPath, errors);
    }),
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    flag("AttachRequired", "Whether its volumes are attached first.", ({ spec }) => spec?.attachRequired ?? true),
    flag("PodInfoOnMount", "Whether it is told about pods.", ({ spec }) => spec?.podInfoOnMount ?? false),
    flag("StorageCapacity", "Whether pods wait for capacity.", ({ spec }) => spec?.storageCapacity ?? false),
    text("TokenRequests", "The audiences of tokens it needs.", ({ spec }) =>
      spec?.tokenRequests === undefined ? "<unset>" : spec.tokenRequests.map(({ audience }) => audience).join(","),
    ),
    flag("RequiresRepublish", "Whether it publishes again and again.", ({ spec }) => spec?.requiresRepublish ?? false),
    text("Modes", "The kinds of volumes it supports.", ({ spec }) =>
      none((spec?.volumeLifecycleModes ?? []).join(",")),
    ),
    ageColumn,
  ]),
};

function checkDriver(spec: CSIDriver["spec"], errors: Errors): void {
  // Upstream's name for the field, with its additional letters.
  if (spec.attachRequired === undefined) errors.push(required(specPath.child("attachedRequired")));
  if (spec.podInfoOnMount === undefined) errors.push(required(specPath.child("podInfoOnMount")));
  if (spec.storageCapacity === undefined) errors.push(required(specPath.child("storageCapacity")));
  if (spec.fsGroupPolicy === undefined) errors.push(required(specPath.child("fsGroupPolicy")));
  else
    checkOneOf(
      spec.fsGroupPolicy,
      ["File", "None", "ReadWriteOnceWithFSType"],
      specPath.child("fsGroupPolicy"),
      errors,
    );
  checkEach(spec.volumeLifecycleModes, specPath.child("volumeLifecycleModes"), errors, (mode, path) =>
    checkOneOf(mode, ["Ephemeral", "Persistent"], path, errors),
  );
  const audiences = new Set<string>();
  checkEach(spec.tokenRequests, specPath.child("tokenRequests"), errors, ({ audience, expirationSeconds }, path) => {
    if (audiences.has(audience)) errors.push(duplicate(path.child("audience"), audience));
    audiences.add(audience);
    if (expirationSeconds !== undefined && expirationSeconds < tokenSecondsMin) {
      const why = "may not specify a duration less than 10 minutes";
      errors.push(invalid(path.child("expirationSeconds"), expirationSeconds, why));
    }
  });
}

export const csiNodeStrategy: Strategy<CSINode> = {
  validate: (node) => collect((errors) => checkDrivers(node, errors)),
  validateUpdate: (node) => collect((errors) => checkDrivers(node, errors)),
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    integer("Drivers", "How many drivers run on the node.", ({ spec }) => spec?.drivers?.length ?? 0),
    ageColumn,
  ]),
};

function checkDrivers({ spec }: CSINode, errors: Errors): void {
  const names = new Set<string>();
  checkEach(spec?.drivers, specPath.child("drivers"), errors, ({ name, nodeID }, path) => {
    checkCsiDriverName(name, path.child("name"), errors);
    checkRequired(nodeID, path.child("nodeID"), errors);
    if (names.has(name)) errors.push(duplicate(path.child("name"), name));
    names.add(name);
  });
}
