import type { FieldError } from "./contract.ts";
import { invalid } from "./field-error.ts";
import type { FieldPath } from "./field-path.ts";
import {
  formatIpAddress,
  formatIpPrefix,
  hasHostBits,
  type IpAddress,
  type IpPrefix,
  parseIpAddress,
  parseIpPrefix,
} from "./ip-address.ts";
import { quote } from "./quote.ts";

function checkedAddress(value: string, path: FieldPath, errors: FieldError[]): IpAddress | undefined {
  const address = parseIpAddress(value);
  if (address === undefined) {
    errors.push(invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
    return undefined;
  }
  if (address.leadingZeros) errors.push(invalid(path, value, "must not have leading 0s"));
  else if (address.mapped) errors.push(invalid(path, value, "must not be an IPv4-mapped IPv6 address"));
  else return address;
  return undefined;
}

/** Fields that are older than the canonical form; `old` values stay acceptable on update. */
export function validateLegacyIp(
  value: string,
  path: FieldPath,
  errors: FieldError[],
  old: readonly string[] = [],
): void {
  if (!old.includes(value)) checkedAddress(value, path, errors);
}

/** Newer fields: the canonical form only. */
export function validateIp(value: string, path: FieldPath, errors: FieldError[]): void {
  const address = checkedAddress(value, path, errors);
  if (address === undefined) return;
  const canonical = formatIpAddress(address);
  if (canonical !== value) errors.push(invalid(path, value, `must be in canonical form (${quote(canonical)})`));
}

function checkedPrefix(value: string, path: FieldPath, errors: FieldError[]): IpPrefix | undefined {
  const prefix = parseIpPrefix(value);
  if (prefix === undefined) {
    errors.push(invalid(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
    return undefined;
  }
  if (prefix.leadingZeros) errors.push(invalid(path, value, "must not have leading 0s in IP or prefix length"));
  else if (prefix.address.mapped) errors.push(invalid(path, value, "must not have an IPv4-mapped IPv6 address"));
  else if (hasHostBits(prefix)) errors.push(invalid(path, value, "must not have bits set beyond the prefix length"));
  else return prefix;
  return undefined;
}

export function validateLegacyCidr(
  value: string,
  path: FieldPath,
  errors: FieldError[],
  old: readonly string[] = [],
): void {
  if (!old.includes(value)) checkedPrefix(value, path, errors);
}

export function validateCidr(value: string, path: FieldPath, errors: FieldError[]): void {
  const prefix = checkedPrefix(value, path, errors);
  if (prefix === undefined) return;
  const canonical = formatIpPrefix(prefix);
  if (canonical !== value) errors.push(invalid(path, value, `must be in canonical form (${quote(canonical)})`));
}

/** An interface address: `10.9.8.7/24`. */
export function validateInterfaceAddress(value: string, path: FieldPath, errors: FieldError[]): void {
  const prefix = parseIpPrefix(value);
  if (prefix === undefined) {
    errors.push(invalid(path, value, "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"));
    return;
  }
  const canonical = `${formatIpAddress(prefix.address)}/${prefix.length}`;
  if (canonical !== value) errors.push(invalid(path, value, `must be in canonical form (${quote(canonical)})`));
}

/** Warnings for addresses that old fields accept but that mean trouble. */
export function warningsForIp(value: string, path: FieldPath): readonly string[] {
  const address = parseIpAddress(value);
  if (address === undefined) return [];
  const canonical = formatIpAddress(address);
  if (address.leadingZeros || address.mapped) {
    return [`${path}: non-standard IP address ${quote(value)} is invalid: use ${quote(canonical)}`];
  }
  if (address.family === 6 && canonical !== value) {
    return [`${path}: IPv6 address ${quote(value)} should be in RFC 5952 canonical format (${quote(canonical)})`];
  }
  return [];
}

export function warningsForCidr(value: string, path: FieldPath): readonly string[] {
  const prefix = parseIpPrefix(value);
  if (prefix === undefined) return [];
  const canonical = formatIpPrefix(prefix);
  const warnings: string[] = [];
  if (hasHostBits(prefix)) {
    const single = `${formatIpAddress(prefix.address)}/${prefix.address.family === 4 ? 32 : 128}`;
    warnings.push(
      `${path}: CIDR value ${quote(value)} is ambiguous in this context (should be ${quote(canonical)} or ${quote(single)}?)`,
    );
  }
  if (prefix.leadingZeros || prefix.address.mapped) {
    warnings.push(`${path}: non-standard CIDR value ${quote(value)} is invalid: use ${quote(canonical)}`);
  }
  if (warnings.length === 0 && prefix.address.family === 6 && canonical !== value) {
    warnings.push(
      `${path}: IPv6 CIDR value ${quote(value)} should be in RFC 5952 canonical format (${quote(canonical)})`,
    );
  }
  return warnings;
}
