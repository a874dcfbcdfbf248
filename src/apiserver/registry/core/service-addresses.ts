import type { Service } from "../../../api/index.ts";
import {
  duplicate,
  fieldPath,
  invalid,
  notSupported,
  parseIpAddress,
  required,
  validateLegacyIp,
} from "../../../apimachinery/index.ts";
import { checkEach, checkOneOf, type Errors } from "../common/check.ts";
import { hasClusterIp, isHeadless } from "./service-shape.ts";

const specPath = fieldPath("spec");
const addressesPath = specPath.child("clusterIPs");
const familiesPath = specPath.child("ipFamilies");
const policyPath = specPath.child("ipFamilyPolicy");
const families: readonly string[] = ["IPv4", "IPv6"];
const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const unchangeable = "may not change once set";

/** `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` against each other. */
export function checkClusterIps(service: Service, old: Service | undefined, errors: Errors): void {
  if (!hasClusterIp(service)) return;
  const { clusterIP = "", clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = service.spec;
  if (clusterIP !== "") {
    if (clusterIPs.length === 0) errors.push(required(addressesPath));
    else if (clusterIPs[0] !== clusterIP) {
      errors.push(invalid(addressesPath, clusterIPs, "first value must match `clusterIP`"));
    }
  } else if (clusterIPs.length > 0) {
    errors.push(invalid(addressesPath, clusterIPs, "must be empty when `clusterIP` is not specified"));
  }
  const seen = new Set<string>();
  checkEach(ipFamilies, familiesPath, errors, (family, path) => {
    if (!families.includes(family)) errors.push(notSupported(path, family, families));
    if (seen.has(family)) errors.push(duplicate(path, family));
    seen.add(family);
  });
  if (ipFamilyPolicy !== undefined) checkOneOf(ipFamilyPolicy, policies, policyPath, errors);
  if (checkAddresses(clusterIPs, old, errors)) checkFamilies(service, errors);
}

/** True where every address is one. */
function checkAddresses(addresses: readonly string[], old: Service | undefined, errors: Errors): boolean {
  let fine = true;
  for (const [index, address] of addresses.entries()) {
    if (index === 0 && address === "None") {
      if (addresses.length === 1) continue;
      fine = false;
      errors.push(invalid(addressesPath, addresses, "'None' must be the first and only value"));
      continue;
    }
    const before = errors.length;
    validateLegacyIp(address, addressesPath.index(index), errors, old?.spec.clusterIPs);
    fine &&= errors.length === before;
  }
  if (addresses.length > 2) errors.push(invalid(addressesPath, addresses, "may only hold up to 2 values"));
  if (fine && addresses.length > 1 && new Set(addresses.map(isIpv6)).size < 2) {
    errors.push(invalid(addressesPath, addresses, "may specify no more than one IP for each IP family"));
  }
  return fine;
}

function isIpv6(address: string): boolean {
  return parseIpAddress(address) !== undefined && address.includes(":");
}

function checkFamilies(service: Service, errors: Errors): void {
  if (isHeadless(service)) return;
  const { clusterIPs = [], ipFamilies = [] } = service.spec;
  for (const [index, address] of clusterIPs.entries()) {
    const family = ipFamilies[index];
    if (family === undefined || family === "") return;
    if ((family === "IPv6") === isIpv6(address)) continue;
    const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    errors.push(invalid(addressesPath.index(index), address, why));
  }
}

export function checkClusterIpChange(service: Service, old: Service, errors: Errors): void {
  if (!hasClusterIp(service) || !hasClusterIp(old) || (isHeadless(service) && isHeadless(old))) return;
  const [now, before] = [service.spec.clusterIPs ?? [], old.spec.clusterIPs ?? []];
  const first = addressesPath.index(0);
  if (now.length === before.length) {
    for (const [index, address] of before.entries()) {
      if (address !== now[index]) errors.push(invalid(addressesPath.index(index), now, unchangeable));
    }
    return;
  }
  if (now.length === 0) errors.push(invalid(first, now, "primary clusterIP can not be unset"));
  else if (before.length > 0 && now[0] !== before[0]) errors.push(invalid(first, now, unchangeable));
  if (now.length === 1 && before.length > 1) checkSingleStack(service, "clusterIP", errors);
}

export function checkFamilyChange(service: Service, old: Service, errors: Errors): void {
  if (!hasClusterIp(service) || !hasClusterIp(old)) return;
  if (isHeadless(service) || isHeadless(old)) return;
  const [now, before] = [service.spec.ipFamilies ?? [], old.spec.ipFamilies ?? []];
  const first = familiesPath.index(0);
  if (now.length === before.length) {
    for (const [index, family] of before.entries()) {
      if (family !== now[index]) errors.push(invalid(first, now, unchangeable));
    }
    return;
  }
  const fewer = now.length < before.length;
  if (fewer && (service.spec.clusterIPs ?? []).length === 0) {
    errors.push(invalid(first, now, "primary ipFamily can not be unset"));
  }
  if (now.length > 0 && before.length > 0 && now[0] !== before[0]) {
    errors.push(invalid(first, service.spec.clusterIPs ?? [], unchangeable));
  }
  if (fewer && now.length === 1) checkSingleStack(service, "ipFamily", errors);
}

function checkSingleStack({ spec }: Service, released: string, errors: Errors): void {
  if (spec.ipFamilyPolicy === "SingleStack") return;
  const why = `must be set to 'SingleStack' when releasing the secondary ${released}`;
  errors.push(invalid(policyPath, spec.ipFamilyPolicy ?? null, why));
}
