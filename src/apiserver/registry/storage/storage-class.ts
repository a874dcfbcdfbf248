import type { StorageClass } from "../../../api/index.ts";
import {
  byteLength,
  duplicate,
  type FieldPath,
  fieldPath,
  invalid,
  isQualifiedName,
  required,
  tooLong,
  validateLabelName,
  validateImmutableField,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkUnique, type Errors, checkOneOf } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { nodeLabelWarning } from "../common/node-label-warnings.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const parametersMax = 512;
const parametersSizeMax = 256 * 1024;
const bindingModes = ["Immediate", "WaitForFirstConsumer"];
const defaultAnnotations = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

export const storageClassStrategy: Strategy<StorageClass> = {
  validate: (storage) => collect((errors) => check(storage, errors)),
  validateUpdate: (storage, old) =>
    collect((errors) => {
      check(storage, errors);
      for (const field of ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const) {
        validateImmutableField(storage[field], old[field], fieldPath(field), errors);
      }
    }),
  warningsOnCreate: classWarnings,
  warningsOnUpdate: classWarnings,
  allowUnconditionalUpdate: true,
  table: defineTable([
    {
      ...nameColumn,
      cell: ({ metadata }) => {
        const isDefault = defaultAnnotations.some((key) => metadata.annotations?.[key] === "true");
        return `${metadata.name ?? ""}${isDefault ? " (default)" : ""}`;
      },
    },
    text("Provisioner", "Who makes its volumes.", ({ provisioner }) => provisioner),
    text("ReclaimPolicy", "What happens when a claim goes.", ({ reclaimPolicy = "Delete" }) => reclaimPolicy),
    text("VolumeBindingMode", "When volumes are made.", ({ volumeBindingMode = "Immediate" }) => volumeBindingMode),
    text("AllowVolumeExpansion", "Whether its volumes can grow.", ({ allowVolumeExpansion = false }) => {
      return allowVolumeExpansion;
    }),
    ageColumn,
  ]),
};

function classWarnings({ allowedTopologies = [] }: StorageClass): readonly string[] {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, index) =>
    matchLabelExpressions.flatMap(({ key }, place) => {
      const message = nodeLabelWarning(key);
      const path = fieldPath("allowedTopologies").index(index).child("matchLabelExpressions").index(place);
      return message === undefined ? [] : [`${path.child("key")}: ${message}`];
    }),
  );
}

function check(storage: StorageClass, errors: Errors): void {
  const { provisioner = "", parameters = {}, reclaimPolicy, volumeBindingMode } = storage;
  checkProvisioner(provisioner, fieldPath("provisioner"), errors);
  checkParameters(parameters, errors);
  const policy: string = reclaimPolicy ?? "";
  if (policy !== "") checkOneOf(policy, ["Delete", "Retain"], fieldPath("reclaimPolicy"), errors);
  const modePath = fieldPath("volumeBindingMode");
  if (volumeBindingMode === undefined) errors.push(required(modePath));
  else checkOneOf(volumeBindingMode, bindingModes, modePath, errors);
  checkTopologies(storage.allowedTopologies ?? [], fieldPath("allowedTopologies"), errors);
}

type Topology = NonNullable<StorageClass["allowedTopologies"]>[number];

function checkTopologies(topologies: readonly Topology[], path: FieldPath, errors: Errors): void {
  // Upstream compares with as many terms without anything, too, and tells of each that is the same.
  const seen: Topology[] = topologies.map(() => ({}));
  checkEach(topologies, path, errors, (term, at) => {
    const expressionsPath = at.child("matchLabelExpressions");
    const keys = new Set<string>();
    checkEach(term.matchLabelExpressions, expressionsPath, errors, ({ key, values = [] }, onePath) => {
      const valuesPath = onePath.child("values");
      if (values.length === 0) errors.push(required(valuesPath));
      const known = new Set<string>();
      checkEach(values, valuesPath, errors, (value, valuePath) => checkUnique(known, value, valuePath, errors));
      validateLabelName(key, onePath.child("key"), errors);
      checkUnique(keys, key, onePath.child("key"), errors);
    });
    for (const other of seen) if (sameTopology(other, term)) errors.push(duplicate(expressionsPath, ""));
    seen.push(term);
  });
}

/** In whatever order keys and values are written. */
function sameTopology(a: Topology, b: Topology): boolean {
  const text = ({ matchLabelExpressions = [] }: Topology) =>
    matchLabelExpressions.map(({ key, values = [] }) => `${key}=${[...values].sort().join()}`).sort();
  return text(a).join(";") === text(b).join(";");
}

/** Shown in lower case, as it is checked. */
export function checkProvisioner(name: string, path: FieldPath, errors: Errors): void {
  const lower = name.toLowerCase();
  if (name === "") errors.push(required(path));
  else addMessages(isQualifiedName(lower), lower, path, errors);
}

export function checkParameters(parameters: Readonly<Record<string, string>>, errors: Errors): void {
  const path = fieldPath("parameters");
  const entries = Object.entries(parameters);
  if (entries.length > parametersMax) {
    errors.push(tooLong(path, parametersMax));
    return;
  }
  let size = 0;
  for (const [key, value] of entries) {
    if (key === "") errors.push(invalid(path, key, "field can not be empty."));
    size += byteLength(key) + byteLength(value);
  }
  if (size > parametersSizeMax) errors.push(tooLong(path, parametersSizeMax));
}
