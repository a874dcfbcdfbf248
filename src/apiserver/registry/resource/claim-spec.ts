import type { resourceV1 } from "../../../api/index.ts";
import { type FieldPath, invalid, notSupported, required } from "../../../apimachinery/index.ts";
import { checkEach, checkLabel, checkPositive, checkSubdomain, type Errors } from "../common/check.ts";
import {
  checkConfiguration,
  checkSelector,
  checkToleration,
  configurationsMax,
  selectorsMax,
} from "./configuration.ts";
import { checkBounded, checkFullAttributeName, checkSet } from "./names.ts";

type Spec = resourceV1.ResourceClaimSpec;
type Request = resourceV1.DeviceRequest;

export const requestsMax = 32;
const constraintsMax = 32;
const alternativesMax = 8;

/** The requests of a claim by name, with the names of their alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function requestNames(spec: Spec): RequestNames {
  return new Map(
    (spec.devices?.requests ?? []).map(({ name, firstAvailable = [] }) => [
      name,
      new Set(firstAvailable.map((alternative) => alternative.name)),
    ]),
  );
}

export function checkResourceClaimSpec(spec: Spec, path: FieldPath, errors: Errors): void {
  const { requests, constraints, config } = spec.devices ?? {};
  const names = requestNames(spec);
  const at = path.child("devices");
  checkSet(requests, requestsMax, ({ name }) => name, at.child("requests"), errors, checkRequest);
  checkBounded(constraints, constraintsMax, at.child("constraints"), errors, (constraint, onePath) => {
    checkConstraint(constraint, names, onePath, errors);
  });
  checkBounded(config, configurationsMax, at.child("config"), errors, (one, onePath) => {
    checkRequestReferences(one.requests, names, onePath.child("requests"), errors);
    checkConfiguration(one, onePath, errors);
  });
}

function checkRequest({ name, exactly, firstAvailable = [] }: Request, path: FieldPath, errors: Errors): void {
  checkLabel(name, path.child("name"), errors);
  const why = "exactly one of `exactly` or `firstAvailable` is required";
  if (exactly === undefined && firstAvailable.length === 0) errors.push(required(path, why));
  else if (exactly !== undefined && firstAvailable.length > 0) {
    errors.push(invalid(path, null, `${why}, but multiple fields are set`));
  } else if (exactly !== undefined) checkDevices(exactly, path.child("exactly"), errors);
  else {
    const at = path.child("firstAvailable");
    checkSet(
      firstAvailable,
      alternativesMax,
      (one) => one.name,
      at,
      errors,
      (one, onePath) => {
        checkLabel(one.name, onePath.child("name"), errors);
        checkDevices(one, onePath, errors);
      },
    );
  }
}

function checkDevices(
  request: resourceV1.ExactDeviceRequest | resourceV1.DeviceSubRequest,
  path: FieldPath,
  errors: Errors,
): void {
  const { deviceClassName, selectors, allocationMode = "" as string, count = 0, tolerations } = request;
  const classPath = path.child("deviceClassName");
  if (deviceClassName === "") errors.push(required(classPath));
  else checkSubdomain(deviceClassName, classPath, errors);
  checkBounded(selectors, selectorsMax, path.child("selectors"), errors, checkSelector);
  const countPath = path.child("count");
  if (allocationMode === "All") {
    if (count !== 0) {
      errors.push(invalid(countPath, count, "must not be specified when allocationMode is 'All'"));
    }
  } else if (allocationMode === "ExactCount") checkPositive(count, countPath, errors);
  else errors.push(notSupported(path.child("allocationMode"), allocationMode, ["All", "ExactCount"]));
  checkEach(tolerations, path.child("tolerations"), errors, checkToleration);
}

function checkConstraint(
  { requests, matchAttribute, distinctAttribute }: resourceV1.DeviceConstraint,
  names: RequestNames,
  path: FieldPath,
  errors: Errors,
): void {
  checkRequestReferences(requests, names, path.child("requests"), errors);
  if (matchAttribute !== undefined) checkFullAttributeName(matchAttribute, path.child("matchAttribute"), errors);
  else if (distinctAttribute !== undefined) {
    checkFullAttributeName(distinctAttribute, path.child("distinctAttribute"), errors);
  } else {
    const why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
    errors.push(required(path, why));
  }
}

export function checkRequestReferences(
  references: readonly string[] | undefined,
  names: RequestNames,
  path: FieldPath,
  errors: Errors,
): void {
  checkSet(
    references,
    requestsMax,
    (reference) => reference,
    path,
    errors,
    (reference, at) => {
      checkRequestReference(reference, names, at, errors);
    },
  );
}

/** `request` or `request/alternative`. */
export function checkRequestReference(reference: string, names: RequestNames, path: FieldPath, errors: Errors): void {
  const why = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const [request = "", alternative, ...more] = reference.split("/");
  if (more.length === 0) {
    checkLabel(request, path, errors);
    if (alternative !== undefined) checkLabel(alternative, path, errors);
    const alternatives = names.get(request);
    if (alternatives !== undefined && (alternative === undefined || alternatives.has(alternative))) return;
  }
  errors.push(invalid(path, reference, why));
}
