/** An address as bytes: 4 for IPv4, 16 for IPv6. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  /** An octet was written with leading zeros, which old fields accept. */
  readonly leadingZeros: boolean;
  /** IPv4 written inside IPv6 (`::ffff:1.2.3.4`); `family` is 4 then, as upstream treats it. */
  readonly mapped: boolean;
}

export interface IpPrefix {
  readonly address: IpAddress;
  readonly length: number;
  readonly leadingZeros: boolean;
}

/** Parses what upstream's sloppy parser accepts; undefined otherwise. Zones are not accepted. */
export function parseIpAddress(text: string): IpAddress | undefined {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  let leadingZeros = false;
  for (let i = 0; i < 4; i++) {
    const part = parts[i] ?? "";
    if (!/^[0-9]+$/.test(part)) return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    if (part.length > 1 && part.startsWith("0")) leadingZeros = true;
    bytes[i] = value;
  }
  return { family: 4, bytes, leadingZeros, mapped: false };
}

function parseV6(text: string): IpAddress | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "", true) : { groups: [], leadingZeros: false };
  if (head === undefined || tail === undefined) return undefined;
  const count = head.groups.length + tail.groups.length;
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const groups = [...head.groups, ...new Array<number>(8 - count).fill(0), ...tail.groups];
  const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
  const leadingZeros = head.leadingZeros || tail.leadingZeros;
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return mapped
    ? { family: 4, bytes: bytes.slice(12), leadingZeros, mapped }
    : { family: 6, bytes, leadingZeros, mapped };
}

/** `mayEndV4`: the last group may be a dotted IPv4 address. */
function groupsOf(text: string, mayEndV4: boolean): { groups: number[]; leadingZeros: boolean } | undefined {
  if (text === "") return { groups: [], leadingZeros: false };
  const parts = text.split(":");
  const groups: number[] = [];
  let leadingZeros = false;
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const v4 = mayEndV4 && index === parts.length - 1 ? parseV4(part) : undefined;
      if (v4 === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = v4.bytes;
      groups.push((a << 8) | b, (c << 8) | d);
      leadingZeros = v4.leadingZeros;
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return { groups, leadingZeros };
}

/** RFC 5952 for IPv6; mapped addresses as IPv4, as Go does. */
export function formatIpAddress({ family, bytes }: Pick<IpAddress, "family" | "bytes">): string {
  if (family === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  const { start, length } = longestZeroRun(groups);
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (start + length < groups.length && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** `10.0.0.0/8`; bits after the prefix may be set. */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const lengthText = text.slice(slash + 1);
  const address = parseIpAddress(text.slice(0, slash));
  if (address === undefined || !/^[0-9]{1,6}$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  if (length > (address.family === 4 && !address.mapped ? 32 : 128)) return undefined;
  const leadingZeros = address.leadingZeros || (lengthText.length > 1 && lengthText.startsWith("0"));
  return { address, length: address.mapped ? Math.max(0, length - 96) : length, leadingZeros };
}

/** The address with every bit after the prefix cleared. */
export function maskedAddress({ address, length }: IpPrefix): Uint8Array {
  return address.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - 8 * index));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}

export function hasHostBits(prefix: IpPrefix): boolean {
  const masked = maskedAddress(prefix);
  return prefix.address.bytes.some((byte, index) => byte !== masked[index]);
}

export function formatIpPrefix(prefix: IpPrefix): string {
  return `${formatIpAddress({ family: prefix.address.family, bytes: maskedAddress(prefix) })}/${prefix.length}`;
}

export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  if (prefix.address.family !== address.family) return false;
  const of = maskedAddress(prefix);
  return maskedAddress({ address, length: prefix.length, leadingZeros: false }).every((byte, i) => byte === of[i]);
}
