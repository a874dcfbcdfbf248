import { internalFormOf, type PersistentVolumeClaim } from "../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  isQualifiedName,
  labelSelectorHasInvalidValue,
  notSupported,
  parseQuantity,
  required,
  semanticEqual,
  validateImmutableField,
} from "../../../apimachinery/index.ts";
import { addMessages, type Errors } from "../common/check.ts";
import { betaStorageClass, claimWarnings } from "../common/claim-warnings.ts";
import { accessModesText, checkClaimSpec } from "../common/claim-spec.ts";
import { jsonDiff } from "../common/diff.ts";
import type { GatedField } from "../common/gated-fields.ts";
import { collect, keep, statusOnly } from "../common/lifecycle.ts";
import { checkQuantityOf, isNativeResource } from "../common/resources.ts";
import { ageColumn, defineTable, nameColumn, text, wide } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

type Spec = PersistentVolumeClaim["spec"];

const specPath = fieldPath("spec");
const shownSpec = internalFormOf("core/v1", "PersistentVolumeClaimSpec");
const statusPath = fieldPath("status");

export const persistentVolumeClaimStrategy: Strategy<PersistentVolumeClaim> = {
  prepareForCreate(claim) {
    claim.status = { phase: "Pending" };
    dropSources(claim.spec);
    pairDataSources(claim);
  },
  prepareForUpdate(claim, old) {
    keep(claim, old, "status");
    dropSources(claim.spec, old.spec);
    pairDataSources(claim);
  },
  validate: ({ spec = {} }) => collect((errors) => checkClaimSpec(spec, specPath, errors)),
  validateUpdate: checkUpdate,
  warningsOnCreate: claimWarnings,
  warningsOnUpdate: claimWarnings,
  allowUnconditionalUpdate: true,
  status: statusOnly<PersistentVolumeClaim>(checkStatus),
  table: defineTable([
    nameColumn,
    text("Status", "Whether it is bound.", ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating",
    ),
    text("Volume", "The volume it is bound to.", ({ spec }) => spec?.volumeName ?? ""),
    text("Capacity", "How much the volume holds.", ({ spec, status }) =>
      (spec?.volumeName ?? "") === "" ? "" : (status?.capacity?.["storage"] ?? "0"),
    ),
    text("Access Modes", "How the volume may be mounted.", ({ spec, status }) =>
      (spec?.volumeName ?? "") === "" ? "" : accessModesText(status?.accessModes),
    ),
    text("StorageClass", "The class it asks for.", ({ metadata, spec }) => {
      return metadata.annotations?.[betaStorageClass] ?? spec?.storageClassName ?? "";
    }),
    text("VolumeAttributesClass", "The class of attributes it asks for.", ({ spec }) => {
      return spec?.volumeAttributesClassName ?? "<unset>";
    }),
    ageColumn,
    wide(text("VolumeMode", "Files or blocks.", ({ spec }) => spec?.volumeMode ?? "<unset>")),
  ]),
};

/** Sources in other namespaces. */
export const gatedClaimFields: readonly GatedField<PersistentVolumeClaim>[] = [
  {
    gate: "CrossNamespaceVolumeDataSource",
    isUsed: ({ spec }) => spec?.dataSourceRef !== undefined,
    drop({ spec }) {
      if ((spec?.dataSourceRef?.namespace ?? "") !== "") delete spec?.dataSourceRef;
    },
  },
];

/** In the older field anything but claims and snapshots is dropped from claims that had no source. */
function dropSources(spec: Spec, old?: Spec): void {
  if (spec === undefined) return;
  const { dataSource } = spec;
  const hadSource = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (dataSource === undefined || spec.dataSourceRef !== undefined || hadSource) return;
  const { apiGroup = "", kind } = dataSource;
  const isKnown =
    (kind === "PersistentVolumeClaim" && apiGroup === "") ||
    (kind === "VolumeSnapshot" && apiGroup === "snapshot.storage.k8s.io");
  if (!isKnown) delete spec.dataSource;
}

/** The older field and the newer one say the same, where the older one can. */
function pairDataSources({ spec }: PersistentVolumeClaim): void {
  if (spec?.dataSource !== undefined && spec.dataSourceRef === undefined) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec?.dataSourceRef !== undefined && spec.dataSource === undefined) {
    const { namespace = "", ...source } = spec.dataSourceRef;
    if (namespace === "") spec.dataSource = source;
  }
}

function requestOf(spec: Spec): string {
  return spec?.resources?.requests?.["storage"] ?? "0";
}

function checkUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): readonly FieldError[] {
  return collect((errors) => {
    const { spec = {} } = claim;
    const before = old.spec ?? {};
    checkClaimSpec(spec, specPath, errors, {
      allowInvalidSelectorValues: labelSelectorHasInvalidValue(before.selector),
      // What an older server let in without a look at the group.
      allowAnySourceGroup: before.dataSource?.apiGroup !== undefined || before.dataSourceRef?.apiGroup !== undefined,
    });
    const [now, then] = comparable(claim, old);
    if (!semanticEqual(now, then)) {
      const why =
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
      errors.push(forbidden(specPath, `${why}\n${jsonDiff(then, now, shownSpec)}`));
    }
    const requested = parseQuantity(requestOf(spec));
    const held = parseQuantity(claim.status?.capacity?.["storage"] ?? "0");
    if (requested.compare(parseQuantity(requestOf(before))) < 0 && requested.compare(held) <= 0) {
      const path = specPath.child("resources").child("requests").child("storage");
      errors.push(forbidden(path, "field can not be less than status.capacity"));
    }
    validateImmutableField(spec.volumeMode, before.volumeMode, fieldPath("volumeMode"), errors);
    checkAttributesClass(spec, before, claim, errors);
  });
}

/** Both specs without what may change in the claim's state. */
function comparable(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): readonly [Spec, Spec] {
  const now: Spec = { ...claim.spec };
  const then: Spec = { ...old.spec };
  if ((then.volumeName ?? "") === "" && now.volumeName !== undefined) then.volumeName = now.volumeName;
  const annotated = old.metadata.annotations?.[betaStorageClass];
  const named = now.storageClassName;
  if (then.storageClassName === undefined && named !== undefined && (annotated ?? named) === named) {
    delete now.storageClassName;
  }
  if (claim.status?.phase !== "Bound") return [now, then];
  if (now.resources?.requests !== undefined) {
    now.resources = { ...now.resources, requests: { ...now.resources.requests, storage: requestOf(then) } };
  }
  if (then.volumeAttributesClassName === undefined) delete now.volumeAttributesClassName;
  else now.volumeAttributesClassName = then.volumeAttributesClassName;
  return [now, then];
}

function checkAttributesClass(spec: Spec, before: Spec, claim: PersistentVolumeClaim, errors: Errors): void {
  const { volumeAttributesClassName: name } = spec;
  const current = claim.status?.currentVolumeAttributesClassName;
  if (name === before.volumeAttributesClassName || current === undefined || (name ?? "") !== "") return;
  const to = name === undefined ? "nil" : "empty string";
  const why = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  errors.push(forbidden(specPath.child("volumeAttributesClassName"), why));
}

const resizeStates = [
  "ControllerResizeInProgress",
  "ControllerResizeInfeasible",
  "NodeResizeInProgress",
  "NodeResizeInfeasible",
  "NodeResizePending",
].sort();

function checkStatus({ spec, status = {} }: PersistentVolumeClaim, _old: PersistentVolumeClaim, errors: Errors): void {
  if ((spec?.accessModes ?? []).length === 0) errors.push(required(fieldPath("Spec", "accessModes")));
  for (const [name, value] of Object.entries(status.capacity ?? {})) {
    checkBasicAmount(value, statusPath.child("capacity").key(name), errors);
  }
  const statesPath = statusPath.child("allocatedResourceStatuses");
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    checkResourceKey(name, statesPath, errors);
    if (!resizeStates.includes(state)) errors.push(notSupported(statesPath, name, resizeStates));
  }
  const allocatedPath = statusPath.child("allocatedResources");
  for (const [name, value] of Object.entries(status.allocatedResources ?? {})) {
    const before = errors.length;
    checkResourceKey(name, allocatedPath, errors);
    if (errors.length === before) checkBasicAmount(value, allocatedPath.key(name), errors);
    if (errors.length === before) checkQuantityOf("storage", value, allocatedPath.key(name), errors);
  }
}

function checkBasicAmount(value: string, path: FieldPath, errors: Errors): void {
  const amount = parseQuantity(value);
  if (amount.sign < 0) errors.push(invalid(path, amount.value(), "must be a valid resource quantity"));
}

function checkResourceKey(name: string, path: FieldPath, errors: Errors): void {
  const messages = isQualifiedName(name);
  addMessages(messages, name, path, errors);
  if (messages.length === 0 && isNativeResource(name) && name !== "storage") {
    errors.push(notSupported(path, name, ["storage"]));
  }
}
