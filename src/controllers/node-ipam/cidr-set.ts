/** An IP network as numbers. */
export interface Cidr {
  readonly bits: 32 | 128;
  readonly base: bigint;
  readonly prefix: number;
}

/** Throws a `RangeError` for what is no CIDR. */
export function parseCidr(text: string): Cidr {
  const [address = "", length = ""] = text.split("/");
  const bits = address.includes(":") ? 128 : 32;
  const prefix = Number(length);
  const value = bits === 32 ? parseIpv4(address) : parseIpv6(address);
  if (value === undefined || !/^[0-9]+$/.test(length) || prefix > bits)
    throw new RangeError(`invalid CIDR address: ${text}`);
  const host = BigInt(bits - prefix);
  return { bits, base: (value >> host) << host, prefix };
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^[0-9]{1,3}$/.test(part) || Number(part) > 255)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const [head = "", tail, more] = text.split("::");
  if (more !== undefined) return undefined;
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...first, ...Array.from({ length: missing }, () => "0"), ...last];
  if (all.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.reduce((value, group) => (value << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}

export function formatCidr({ bits, base, prefix }: Cidr): string {
  return `${bits === 32 ? formatIpv4(base) : formatIpv6(base)}/${prefix}`;
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
}

/** RFC 5952: the longest run of zero groups is left out. */
function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  const runs = [
    ...groups
      .map((group) => (group === "0" ? "0" : "1"))
      .join("")
      .matchAll(/00+/g),
  ];
  const longest = runs.sort((a, b) => b[0].length - a[0].length)[0];
  if (longest === undefined) return groups.join(":");
  const { index } = longest;
  return `${groups.slice(0, index).join(":")}::${groups.slice(index + longest[0].length).join(":")}`;
}

/** Hands out subnets of one size from a range, in turn, so that one that was given back is not used again at once. */
export class CidrSet {
  readonly #range: Cidr;
  readonly #prefix: number;
  readonly #count: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** No more than 2^20 subnets are managed of a larger range. */
  constructor(range: Cidr, prefix: number) {
    if (prefix < range.prefix)
      throw new RangeError(`a node's range of /${prefix} does not fit into ${formatCidr(range)}`);
    this.#range = range;
    this.#prefix = prefix;
    this.#count = 2 ** Math.min(prefix - range.prefix, 20);
  }

  get free(): number {
    return this.#count - this.#used.size;
  }

  allocate(): Cidr | undefined {
    for (let tried = 0; tried < this.#count; tried += 1) {
      const index = (this.#next + tried) % this.#count;
      if (this.#used.has(index)) continue;
      this.#used.add(index);
      this.#next = (index + 1) % this.#count;
      return this.#at(index);
    }
    return undefined;
  }

  /** Marks whatever of this range is ours as taken. */
  occupy(cidr: Cidr): void {
    for (const index of this.#indexes(cidr)) this.#used.add(index);
  }

  release(cidr: Cidr): void {
    for (const index of this.#indexes(cidr)) this.#used.delete(index);
  }

  #at(index: number): Cidr {
    const { bits, base } = this.#range;
    return { bits, base: base + (BigInt(index) << BigInt(bits - this.#prefix)), prefix: this.#prefix };
  }

  *#indexes(cidr: Cidr): Generator<number> {
    const { bits, base } = this.#range;
    if (cidr.bits !== bits) return;
    const shift = BigInt(bits - this.#prefix);
    const first = (cidr.base - base) >> shift;
    const last = (cidr.base + (1n << BigInt(bits - cidr.prefix)) - 1n - base) >> shift;
    const limit = BigInt(this.#count - 1);
    for (let index = first < 0n ? 0n : first; index <= last && index <= limit; index += 1n) yield Number(index);
  }
}
