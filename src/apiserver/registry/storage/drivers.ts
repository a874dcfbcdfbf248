import { type CSIDriver, type CSINode, internalFormOf } from "../../../api/index.ts";
import {
  byteLength,
  duplicate,
  fieldPath,
  invalid,
  required,
  validateImmutableField,
  semanticEqual,
} from "../../../apimachinery/index.ts";
import {
  checkEach,
  checkNonNegative,
  checkOneOf,
  checkQualifiedName,
  checkRequired,
  checkUnique,
  type Errors,
} from "../common/check.ts";
import { collect, countGeneration } from "../common/lifecycle.ts";
import { ageColumn, defineTable, flag, integer, nameColumn, none, text } from "../common/table.ts";
import { checkCsiDriverName } from "../common/volumes.ts";
import type { GatedField } from "../common/gated-fields.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const tokenSecondsMin = 600;
const tokenSecondsMax = 2 ** 32;
const periodSecondsMin = 10;
const nodeIdMax = 256;
const groupPolicies = ["File", "None", "ReadWriteOnceWithFSType"];

const tokensInSecretsWarning =
  "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes";

/** Where secrets are not said to hold the tokens that the driver is to get. */
function tokenWarnings({ spec }: CSIDriver, old?: CSIDriver): readonly string[] {
  const { tokenRequests = [], serviceAccountTokenInSecrets } = spec ?? {};
  if (tokenRequests.length === 0 || serviceAccountTokenInSecrets !== undefined) return [];
  return old !== undefined && semanticEqual(old.spec?.tokenRequests, tokenRequests) ? [] : [tokensInSecretsWarning];
}

export const gatedDriverFields: readonly GatedField<CSIDriver>[] = [
  {
    gate: "VolumeLimitScaling",
    isUsed: ({ spec }) => spec?.preventPodSchedulingIfMissing !== undefined,
    drop({ spec }) {
      delete spec?.preventPodSchedulingIfMissing;
    },
  },
];

export const csiDriverStrategy: Strategy<CSIDriver> = {
  prepareForUpdate: (driver, old) => countGeneration(driver, old, !semanticEqual(driver.spec, old.spec)),
  warningsOnCreate: (driver) => tokenWarnings(driver),
  warningsOnUpdate: tokenWarnings,
  validate: (driver) =>
    collect((errors) => {
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
  if (spec.fsGroupPolicy !== undefined) {
    checkOneOf(spec.fsGroupPolicy, groupPolicies, specPath.child("fsGroupPolicy"), errors);
  }
  const audiences = new Set<string>();
  checkEach(spec.tokenRequests, specPath.child("tokenRequests"), errors, ({ audience, expirationSeconds }, path) => {
    if (audiences.has(audience)) {
      errors.push(duplicate(path.child("audience"), audience));
      return;
    }
    audiences.add(audience);
    if (expirationSeconds === undefined) return;
    const at = path.child("expirationSeconds");
    if (expirationSeconds < tokenSecondsMin) {
      errors.push(invalid(at, expirationSeconds, "may not specify a duration less than 10 minutes"));
    }
    if (expirationSeconds > tokenSecondsMax) {
      errors.push(invalid(at, expirationSeconds, "may not specify a duration larger than 2^32 seconds"));
    }
  });
  for (const mode of spec.volumeLifecycleModes ?? []) {
    checkOneOf(mode, ["Persistent", "Ephemeral"], specPath.child("volumeLifecycleModes"), errors);
  }
  if (spec.seLinuxMount === undefined) errors.push(required(specPath.child("seLinuxMount")));
  const { nodeAllocatableUpdatePeriodSeconds: period } = spec;
  if (period !== undefined && period < periodSecondsMin) {
    const at = specPath.child("nodeAllocatableUpdatePeriodSeconds");
    errors.push(invalid(at, period, "must be greater than or equal to 10 seconds"));
  }
  const { serviceAccountTokenInSecrets: inSecrets } = spec;
  if (inSecrets === undefined || (spec.tokenRequests ?? []).length > 0) return;
  const at = specPath.child("serviceAccountTokenInSecrets");
  const why = "serviceAccountTokenInSecrets is set but no tokenRequests are specified";
  errors.push(invalid(at, inSecrets, why));
}

const shownDriver = internalFormOf("storage/v1", "CSINodeDriver");

export const csiNodeStrategy: Strategy<CSINode> = {
  validate: (node) => collect((errors) => checkDrivers(node, errors)),
  validateUpdate: (node, old) =>
    collect((errors) => {
      checkDrivers(node, errors);
      const drivers = (of: CSINode) => of.spec?.drivers ?? [];
      for (const { allocatable: _before, ...before } of drivers(old)) {
        for (const { allocatable: _now, ...now } of drivers(node)) {
          // How many volumes there may be changes while the driver runs.
          if (now.name !== before.name) continue;
          validateImmutableField(now, before, specPath.child("drivers"), errors, shownDriver);
        }
      }
    }),
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    integer("Drivers", "How many drivers run on the node.", ({ spec }) => spec?.drivers?.length ?? 0),
    ageColumn,
  ]),
};

function checkDrivers({ spec }: CSINode, errors: Errors): void {
  const names = new Set<string>();
  checkEach(spec?.drivers, specPath.child("drivers"), errors, ({ name, nodeID, allocatable, topologyKeys }, path) => {
    checkCsiDriverName(name, path.child("name"), errors);
    checkRequired(nodeID, path.child("nodeID"), errors);
    if (byteLength(nodeID) > nodeIdMax) {
      errors.push(invalid(path.child("nodeID"), nodeID, `must be ${nodeIdMax} characters or less`));
    }
    checkNonNegative(allocatable?.count, path.child("allocatable").child("count"), errors);
    checkUnique(names, name, path.child("name"), errors);
    const keys = new Set<string>();
    // Upstream names these errors by the driver.
    for (const key of topologyKeys ?? []) {
      if (key === "") errors.push(required(path));
      checkUnique(keys, key, path, errors);
      checkQualifiedName(key, path, errors);
    }
  });
}
