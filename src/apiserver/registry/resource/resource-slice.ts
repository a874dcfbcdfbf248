import { internalFormOf, type ResourceSlice, type resourceV1 } from "../../../api/index.ts";
import { fieldPath, invalid, required, semanticEqual, validateImmutableField } from "../../../apimachinery/index.ts";
import { checkLabel, checkPositive, type Errors } from "../common/check.ts";
import type { GatedField } from "../common/gated-fields.ts";
import { collect, countGeneration } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { timeText } from "../times.ts";
import { checkCounters, checkDevice, namedPlaces } from "./device.ts";
import { checkDriverName, checkPoolName, checkSet } from "./names.ts";

type Spec = resourceV1.ResourceSliceSpec;

const specPath = fieldPath("spec");
const shownTerm = internalFormOf("core/v1", "NodeSelectorTerm");
const devicesMax = 128;
/** Of devices with taints, counters or lists of values. */
const richDevicesMax = 64;
const counterSetsMax = 8;

export const resourceSliceStrategy: Strategy<ResourceSlice> = {
  prepareForCreate(slice, { request }) {
    fillTimes(slice, timeText(request.receivedAtMs));
    slice.metadata.generation = 1;
  },
  prepareForUpdate(slice, old, { request }) {
    fillTimes(slice, timeText(request.receivedAtMs));
    countGeneration(slice, old, !semanticEqual(slice.spec, old.spec));
  },
  validate: ({ spec }) => collect((errors) => checkSpec(spec, undefined, errors)),
  validateUpdate: ({ spec }, old) => collect((errors) => checkSpec(spec, old.spec, errors)),
  allowUnconditionalUpdate: true,
  selectableFields: {
    "spec.nodeName": ({ spec }) => spec.nodeName ?? "",
    "spec.driver": ({ spec }) => spec.driver,
  },
  table: defineTable([
    nameColumn,
    text("Node", "Where its devices are.", ({ spec }) => spec.nodeName ?? ""),
    text("Driver", "Who manages its devices.", ({ spec }) => spec.driver),
    text("Pool", "The pool it is a part of.", ({ spec }) => spec.pool.name),
    ageColumn,
  ]),
};

const lists = ["ints", "bools", "strings", "versions"] as const;
const attributesOf = ({ spec: { devices = [] } }: ResourceSlice) =>
  devices.flatMap(({ attributes = {} }) => Object.values(attributes));

export const gatedSliceFields: readonly GatedField<ResourceSlice>[] = [
  {
    gate: "DRAListTypeAttributes",
    isUsed: (slice) => attributesOf(slice).some((attribute) => lists.some((list) => attribute[list] !== undefined)),
    drop(slice) {
      for (const attribute of attributesOf(slice)) for (const list of lists) delete attribute[list];
    },
  },
  {
    gate: "DRANodeAllocatableResources",
    isUsed: ({ spec: { devices = [] } }) => devices.some((one) => one.nodeAllocatableResourceMappings !== undefined),
    drop({ spec: { devices = [] } }) {
      for (const device of devices) delete device.nodeAllocatableResourceMappings;
    },
  },
];

/** Taints that do not say since when they are there. */
function fillTimes(slice: ResourceSlice, now: string): void {
  const { devices = [] } = slice.spec;
  if (!devices.some(({ taints = [] }) => taints.some(({ timeAdded }) => timeAdded === undefined))) return;
  const filled = devices.map(({ taints, ...device }) => ({
    ...device,
    ...(taints === undefined ? {} : { taints: taints.map((taint) => ({ timeAdded: now, ...taint })) }),
  }));
  slice.spec = { ...slice.spec, devices: filled };
}

function checkSpec(spec: Spec, old: Spec | undefined, errors: Errors): void {
  checkDriverName(spec.driver, specPath.child("driver"), errors);
  checkPool(spec, errors);
  if (old !== undefined) {
    validateImmutableField(spec.pool.name, old.pool.name, specPath.child("pool").child("name"), errors);
    validateImmutableField(spec.driver, old.driver, specPath.child("driver"), errors);
    validateImmutableField(spec.nodeName, old.nodeName, specPath.child("nodeName"), errors);
  }
  checkPlace(spec, errors);
  if (spec.sharedCounters !== undefined && spec.devices !== undefined) {
    errors.push(invalid(specPath, "", "only one of `sharedCounters` or `devices` is allowed"));
  }
  const { devices = [], sharedCounters } = spec;
  const most = devices.some(isRich) ? richDevicesMax : devicesMax;
  checkSet(
    devices,
    most,
    ({ name }) => name,
    specPath.child("devices"),
    errors,
    (device, path) => {
      const before = old?.devices?.find(({ name }) => name === device.name);
      checkDevice(device, before, spec.perDeviceNodeSelection === true, path, errors);
    },
  );
  const at = specPath.child("sharedCounters");
  checkSet(
    sharedCounters,
    counterSetsMax,
    ({ name }) => name,
    at,
    errors,
    ({ name, counters }, path) => {
      if (name === "") errors.push(required(path.child("name")));
      else checkLabel(name, path.child("name"), errors);
      checkCounters(counters, path.child("counters"), errors);
    },
  );
}

function isRich({ taints = [], consumesCounters = [], attributes = {} }: resourceV1.Device): boolean {
  if (taints.length + consumesCounters.length > 0) return true;
  return Object.values(attributes).some((attribute) => Object.values(attribute).some((value) => Array.isArray(value)));
}

function checkPool({ pool }: Spec, errors: Errors): void {
  const path = specPath.child("pool");
  checkPoolName(pool.name, path.child("name"), errors);
  checkPositive(pool.resourceSliceCount, path.child("resourceSliceCount"), errors);
  if (pool.generation < 0) {
    errors.push(invalid(path.child("generation"), pool.generation, "must be greater than or equal to zero"));
  }
}

function checkPlace(spec: Spec, errors: Errors): void {
  const used = namedPlaces(spec, "must be either unset or set to a non-empty string", specPath, errors);
  const terms = spec.nodeSelector?.nodeSelectorTerms;
  if (spec.nodeSelector !== undefined && terms?.length !== 1) {
    const path = specPath.child("nodeSelector").child("nodeSelectorTerms");
    const shown = terms?.length ? terms.map(shownTerm) : terms;
    errors.push(invalid(path, shown, "must have exactly one node selector term"));
  }
  const each = spec.perDeviceNodeSelection;
  if (each === true) used.push("`perDeviceNodeSelection`");
  else if (each === false) {
    errors.push(invalid(specPath.child("perDeviceNodeSelection"), false, "must be either unset or set to true"));
  }
  const why = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (used.length === 0) errors.push(required(specPath, why));
  else if (used.length > 1) {
    errors.push(invalid(specPath, `{${used.join(", ")}}`, `${why}, but multiple fields are set`));
  }
}
