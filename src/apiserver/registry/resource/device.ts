import { internalFormOf, type resourceV1 } from "../../../api/index.ts";
import { type FieldPath, invalid, required, semanticEqual, tooLong } from "../../../apimachinery/index.ts";
import { checkEach, checkLabel, checkObjectName, type Errors } from "../common/check.ts";
import { checkNodeSelector } from "../common/scheduling.ts";
import { checkCapacity } from "./capacity.ts";
import { checkBindingConditions, checkTaint } from "./configuration.ts";
import { checkAttributeName, checkBounded, checkMap, checkSet } from "./names.ts";

type Device = resourceV1.Device;

const shownAttribute = internalFormOf("resource/v1", "DeviceAttribute");

const attributesMax = 32;
const attributeValuesMax = 48;
const taintsMax = 16;
const consumptionsMax = 2;
export const countersMax = 32;
const textMax = 64;

/** `placed`: whether each device of the slice says itself where it is. */
export function checkDevice(
  device: Device,
  old: Device | undefined,
  placed: boolean,
  path: FieldPath,
  errors: Errors,
): void {
  const { attributes = {}, capacity = {}, taints } = device;
  checkLabel(device.name, path.child("name"), errors);
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > attributesMax) {
    const why = `the total number of attributes and capacities must not exceed ${attributesMax}`;
    errors.push(invalid(path, count, why));
  }
  const values = Object.values(attributes).reduce((sum, attribute) => sum + valuesOf(attribute), 0);
  if (values > attributeValuesMax) {
    const why = `the total number of attribute values must not exceed ${attributeValuesMax}`;
    errors.push(invalid(path, values, why));
  }
  const any = Number.POSITIVE_INFINITY;
  checkMap(attributes, any, checkAttributeName, path.child("attributes"), errors, checkAttribute);
  if (old === undefined || !semanticEqual(old.capacity, capacity)) {
    checkMap(capacity, any, checkAttributeName, path.child("capacity"), errors, (one, at) => {
      checkCapacity(one, device.allowMultipleAllocations === true, at, errors);
    });
  }
  if (old === undefined || !semanticEqual(old.taints, taints)) {
    checkBounded(taints, taintsMax, path.child("taints"), errors, checkTaint);
  }
  const consumptionsPath = path.child("consumesCounters");
  checkSet(
    device.consumesCounters,
    consumptionsMax,
    (one) => one.counterSet,
    consumptionsPath,
    errors,
    checkConsumption,
  );
  checkPlace(device, placed, path, errors);
  checkBindingConditions(device, path, errors);
}

/** The items of lists count one by one. */
function valuesOf({ bools = [], ints = [], strings = [], versions = [] }: resourceV1.DeviceAttribute): number {
  return bools.length + ints.length + strings.length + versions.length || 1;
}

function checkConsumption(
  { counterSet, counters }: resourceV1.DeviceCounterConsumption,
  path: FieldPath,
  errors: Errors,
): void {
  const at = path.child("counterSet");
  if (counterSet === "") errors.push(required(at));
  else checkLabel(counterSet, at, errors);
  checkCounters(counters, path.child("counters"), errors);
}

export function checkCounters(
  counters: Readonly<Record<string, resourceV1.Counter>> | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (Object.keys(counters ?? {}).length === 0) errors.push(required(path));
  else checkMap(counters, countersMax, checkLabel, path, errors, () => undefined);
}

/** Says which of the ways to name nodes are used, and checks them. */
export function namedPlaces(
  { nodeName, nodeSelector, allNodes }: Pick<Device, "nodeName" | "nodeSelector" | "allNodes">,
  emptyName: string,
  path: FieldPath,
  errors: Errors,
): string[] {
  const used: string[] = [];
  if (nodeName === "") errors.push(invalid(path.child("nodeName"), nodeName, emptyName));
  else if (nodeName !== undefined) {
    used.push("`nodeName`");
    checkObjectName(nodeName, path.child("nodeName"), errors);
  }
  if (nodeSelector !== undefined) {
    used.push("`nodeSelector`");
    checkNodeSelector(nodeSelector, path.child("nodeSelector"), errors);
  }
  if (allNodes === true) used.push("`allNodes`");
  else if (allNodes === false) {
    errors.push(invalid(path.child("allNodes"), false, "must be either unset or set to true"));
  }
  return used;
}

function checkPlace(device: Device, placed: boolean, path: FieldPath, errors: Errors): void {
  if (placed) {
    const used = namedPlaces(device, "must not be empty", path, errors);
    const why =
      "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
    if (used.length === 0) errors.push(required(path, why));
    else if (used.length > 1) errors.push(invalid(path, `{${used.join(", ")}}`, why));
  } else if (device.nodeName !== undefined || device.nodeSelector !== undefined || device.allNodes !== undefined) {
    const why =
      "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
    errors.push(invalid(path, null, why));
  }
}

const number = "(0|[1-9]\\d*)";
const preRelease = "(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const build = "[0-9a-zA-Z-]+";
const semanticVersion = new RegExp(
  `^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`,
);

function checkText(value: string, path: FieldPath, errors: Errors): void {
  if (value.length > textMax) errors.push(tooLong(path, textMax));
}

function checkVersion(value: string, path: FieldPath, errors: Errors): void {
  if (!semanticVersion.test(value)) {
    errors.push(invalid(path, value, "must be a string compatible with semver.org spec 2.0.0"));
  }
  checkText(value, path, errors);
}

function checkAttribute(attribute: resourceV1.DeviceAttribute, path: FieldPath, errors: Errors): void {
  if (attribute.string !== undefined) checkText(attribute.string, path.child("string"), errors);
  if (attribute.version !== undefined) checkVersion(attribute.version, path.child("version"), errors);
  for (const field of ["bools", "ints", "strings", "versions"] as const) {
    if (attribute[field]?.length === 0) {
      errors.push(invalid(path.child(field), [], "must not be empty if specified"));
    }
  }
  checkEach(attribute.strings, path.child("strings"), errors, checkText);
  checkEach(attribute.versions, path.child("versions"), errors, checkVersion);
  const used = Object.values(attribute).filter((value) => value !== undefined).length;
  if (used !== 1)
    errors.push(invalid(path, used === 0 ? "" : shownAttribute(attribute), "exactly one value must be specified"));
}
