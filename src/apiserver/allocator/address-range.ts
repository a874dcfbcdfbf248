import { formatIpAddress, parseIpAddress } from "../../apimachinery/index.ts";

/** An IP address as a number; both families, so that arithmetic is the same. */
export interface Address {
  readonly family: "IPv4" | "IPv6";
  readonly value: bigint;
}

/** Undefined for what is no address. */
export function parseAddress(text: string): Address | undefined {
  const parsed = parseIpAddress(text);
  if (parsed === undefined) return undefined;
  let value = 0n;
  for (const byte of parsed.bytes) value = value * 256n + BigInt(byte);
  return { family: parsed.bytes.length === 4 ? "IPv4" : "IPv6", value };
}

/** Canonical text: IPv6 by RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  const bytes = new Uint8Array(family === "IPv4" ? 4 : 16);
  let rest = value;
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  return formatIpAddress({ family: family === "IPv4" ? 4 : 6, bytes });
}

/** The addresses of a CIDR that may be given out. */
export interface AddressRange {
  readonly cidr: string;
  readonly family: "IPv4" | "IPv6";
  readonly first: bigint;
  /** How many: without the network address and, in IPv4, the broadcast address. */
  readonly size: number;
}

/** IPv6 ranges are used only so far. Upstream: 2^16 offsets less the first. */
const sizeMax = 2 ** 20;

export function parseRange(cidr: string): AddressRange {
  const [addressText = "", bitsText = ""] = cidr.split("/");
  const address = parseAddress(addressText);
  const bits = Number(bitsText);
  const width = address?.family === "IPv6" ? 128 : 32;
  if (address === undefined || !Number.isInteger(bits) || bits < 0 || bits > width)
    throw new Error(`invalid CIDR ${cidr}`);
  const hostBits = BigInt(width - bits);
  const network = (address.value >> hostBits) << hostBits;
  const all = 2n ** hostBits;
  const usable = all - (address.family === "IPv4" ? 2n : 1n);
  const size = usable > BigInt(sizeMax) ? sizeMax : Number(usable);
  return { cidr, family: address.family, first: network + 1n, size: Math.max(0, size) };
}

/** The position of an address in a range; undefined outside. */
export function offsetIn(range: AddressRange, address: Address): number | undefined {
  if (address.family !== range.family) return undefined;
  const offset = address.value - range.first;
  return offset < 0n || offset >= BigInt(range.size) ? undefined : Number(offset);
}

export function addressAt(range: AddressRange, offset: number): string {
  return formatAddress({ family: range.family, value: range.first + BigInt(offset) });
}

/**
 * The part that is left to those who choose addresses themselves, at the start of the range. Upstream:
 * "reserve a Service IP range": min(max(16, size / 16), 256).
 */
export function staticPartOf(size: number): number {
  const band = Math.min(Math.max(16, Math.floor(size / 16)), 256);
  return band >= size ? 0 : band;
}
