import { internalFormOf, type resourceV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  semanticEqual,
  tooLong,
  tooMany,
  validateConditions,
  validateImmutableField,
  validateInterfaceAddress,
} from "../../../apimachinery/index.ts";
import { checkEach, checkLabel, checkRequired, checkRequiredOneOf, type Errors } from "../common/check.ts";
import { checkNodeSelector } from "../common/scheduling.ts";
import { checkRequestReference, checkRequestReferences, type RequestNames, requestNames } from "./claim-spec.ts";
import {
  checkBindingConditions,
  checkConfiguration,
  checkRawObject,
  checkToleration,
  configurationsMax,
} from "./configuration.ts";
import { checkBounded, checkDriverName, checkPoolName, checkSet, checkUid } from "./names.ts";

type ResourceClaim = resourceV1.ResourceClaim;
type Status = NonNullable<ResourceClaim["status"]>;
type Identified = Pick<resourceV1.AllocatedDeviceStatus, "driver" | "pool" | "device" | "shareID">;

const statusPath = fieldPath("status");
const reservedMax = 256;
const resultsMax = 32;
const conditionsMax = 8;
const interfaceNameMax = 256;
const hardwareAddressMax = 128;
const ipsMax = 16;

export function checkClaimStatus(claim: ResourceClaim, old: ResourceClaim, errors: Errors): void {
  const { status = {} } = claim;
  const before = old.status ?? {};
  const reservedPath = statusPath.child("reservedFor");
  checkSet(
    status.reservedFor,
    reservedMax,
    ({ uid }) => uid,
    reservedPath,
    errors,
    (consumer, path) => {
      for (const field of ["resource", "name", "uid"] as const)
        checkRequired(consumer[field], path.child(field), errors);
    },
  );
  const allocated = new Set((status.allocation?.devices?.results ?? []).map(identity));
  const devicesPath = statusPath.child("devices");
  const any = Number.POSITIVE_INFINITY;
  const check = (device: resourceV1.AllocatedDeviceStatus, path: FieldPath) =>
    checkDeviceStatus(device, allocated, path, errors);
  checkSet(status.devices, any, identity, devicesPath, errors, check, shownIdentity);
  checkReservations(claim, before, reservedPath, errors);
  const at = statusPath.child("allocation");
  if (status.allocation === undefined) return;
  if (before.allocation !== undefined) {
    const shown = internalFormOf("resource/v1", "AllocationResult");
    validateImmutableField(status.allocation, before.allocation, at, errors, shown);
  } else checkAllocation(status.allocation, requestNames(claim.spec), at, errors);
}

/** As upstream shows it. */
function shownIdentity({ driver, pool, device, shareID }: Identified): Readonly<Record<string, string>> {
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID ?? "" };
}

function identity(device: Identified): string {
  return JSON.stringify(shownIdentity(device));
}

function checkReservations(
  { metadata, status = {} }: ResourceClaim,
  before: Status,
  path: FieldPath,
  errors: Errors,
): void {
  const reserved = status.reservedFor ?? [];
  if (reserved.length === 0) return;
  if (status.allocation === undefined) {
    errors.push(forbidden(path, "may not be specified when `allocated` is not set"));
    return;
  }
  const isNew = (one: (typeof reserved)[number]) =>
    !(before.reservedFor ?? []).some((other) => semanticEqual(one, other));
  if (metadata.deletionTimestamp === undefined || !reserved.some(isNew)) return;
  const why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
  errors.push(forbidden(path, why));
}

function checkAllocation(
  { devices, nodeSelector }: resourceV1.AllocationResult,
  names: RequestNames,
  path: FieldPath,
  errors: Errors,
): void {
  const at = path.child("devices");
  checkBounded(devices?.results, resultsMax, at.child("results"), errors, (result, onePath) => {
    checkResult(result, names, onePath, errors);
  });
  // Those of the class and those of the claim.
  checkBounded(devices?.config, 2 * configurationsMax, at.child("config"), errors, (config, onePath) => {
    checkRequiredOneOf(config.source, ["FromClaim", "FromClass"], onePath.child("source"), errors);
    checkRequestReferences(config.requests, names, onePath.child("requests"), errors);
    checkConfiguration(config, onePath, errors);
  });
  if (nodeSelector !== undefined) checkNodeSelector(nodeSelector, path.child("nodeSelector"), errors);
}

function checkResult(
  result: resourceV1.DeviceRequestAllocationResult,
  names: RequestNames,
  path: FieldPath,
  errors: Errors,
): void {
  checkRequestReference(result.request, names, path.child("request"), errors);
  checkDevice(result, path, errors);
  checkBindingConditions(result, path, errors);
  checkEach(result.tolerations, path.child("tolerations"), errors, checkToleration);
}

function checkDevice({ driver, pool, device, shareID }: Identified, path: FieldPath, errors: Errors): void {
  checkDriverName(driver, path.child("driver"), errors);
  checkPoolName(pool, path.child("pool"), errors);
  checkLabel(device, path.child("device"), errors);
  if (shareID !== undefined) checkUid(shareID, path.child("shareID"), errors);
}

function checkDeviceStatus(
  device: resourceV1.AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  checkDevice(device, path, errors);
  if (!allocated.has(identity(device)))
    errors.push(invalid(path, shownIdentity(device), "must be an allocated device in the claim"));
  const { conditions = [], data, networkData } = device;
  const at = path.child("conditions");
  if (conditions.length > conditionsMax) errors.push(tooMany(at, conditions.length, conditionsMax));
  validateConditions(conditions, at, errors);
  if (data !== undefined) checkRawObject(data, path.child("data"), errors);
  if (networkData !== undefined) checkNetworkData(networkData, path.child("networkData"), errors);
}

function checkNetworkData(
  { interfaceName = "", hardwareAddress = "", ips }: resourceV1.NetworkDeviceData,
  path: FieldPath,
  errors: Errors,
): void {
  if (interfaceName.length > interfaceNameMax) errors.push(tooLong(path.child("interfaceName"), interfaceNameMax));
  if (hardwareAddress.length > hardwareAddressMax) {
    errors.push(tooLong(path.child("hardwareAddress"), hardwareAddressMax));
  }
  checkSet(
    ips,
    ipsMax,
    (ip) => ip,
    path.child("ips"),
    errors,
    (ip, at) => validateInterfaceAddress(ip, at, errors),
  );
}
