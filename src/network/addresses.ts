/** An IPv4 range; `base` has no host bits. */
export interface Range {
  readonly base: number;
  readonly bits: number;
}

/** Throws for anything that is not an IPv4 range in CIDR notation. */
export function parseRange(cidr: string): Range {
  const [address = "", length = ""] = cidr.split("/");
  const bits = Number(length);
  if (!/^\d{1,2}$/.test(length) || bits > 32) throw new Error(`${JSON.stringify(cidr)} is not an IPv4 range`);
  return { base: (parseAddress(address) & mask(bits)) >>> 0, bits };
}

/** Throws for anything that is not an IPv4 address in dotted notation. */
export function parseAddress(address: string): number {
  const parts = address.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : Number.NaN));
  if (parts.length !== 4 || parts.some((part) => !(part <= 255))) {
    throw new Error(`${JSON.stringify(address)} is not an IPv4 address`);
  }
  return parts.reduce((value, part) => value * 256 + part, 0);
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");
}

/** The address at an offset in a range: 0 is the network, 1 usually the gateway. */
export function addressAt(cidr: string, offset: number): string {
  const { base, bits } = parseRange(cidr);
  if (offset < 0 || offset >= 2 ** (32 - bits)) throw new Error(`${cidr} has no address number ${offset}`);
  return formatAddress(base + offset);
}

/** Whether a range contains an address or a whole range. */
export function contains(outer: string, inner: string): boolean {
  const range = parseRange(outer);
  const part = parseRange(inner.includes("/") ? inner : `${inner}/32`);
  return part.bits >= range.bits && (part.base & mask(range.bits)) >>> 0 === range.base;
}

function mask(bits: number): number {
  return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
}
