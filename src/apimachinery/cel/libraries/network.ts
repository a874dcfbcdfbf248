import {
  formatIpAddress,
  hasHostBits,
  type IpAddress,
  type IpPrefix,
  maskedAddress,
  prefixContains,
} from "../../validation/index.ts";
import {
  define,
  type Library,
  method,
  type Operand,
  type Overload,
  traversal,
  traverseFirst,
  traverseTwice,
} from "../functions.ts";
import { boolType, intType, opaque, stringType } from "../types.ts";
import { CelError, OpaqueValue, TypeValue, type Value } from "../values.ts";
import { strictAddress, strictPrefix } from "./strict-address.ts";

const ipType = opaque("net.IP");
const cidrType = opaque("net.CIDR");

class Ip extends OpaqueValue {
  readonly typeName = "net.IP";
  readonly address: IpAddress;
  constructor(address: IpAddress) {
    super();
    this.address = address;
  }
  get text(): string {
    return formatIpAddress(this.address);
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof Ip && other.text === this.text;
  }
}

class Cidr extends OpaqueValue {
  readonly typeName = "net.CIDR";
  readonly prefix: IpPrefix;
  constructor(prefix: IpPrefix) {
    super();
    this.prefix = prefix;
  }
  get text(): string {
    return `${formatIpAddress(this.prefix.address)}/${this.prefix.length}`;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof Cidr && other.text === this.text;
  }
}

function needIp(text: string): Ip {
  const parsed = strictAddress(text);
  if ("problem" in parsed) throw new CelError(parsed.problem);
  return new Ip(parsed.value);
}

function needCidr(text: string): Cidr {
  const parsed = strictPrefix(text);
  if ("problem" in parsed) throw new CelError(parsed.problem);
  return new Cidr(parsed.value);
}

/** 4 or 6. */
function familyOf({ address }: Ip): 4 | 6 {
  return address.bytes.length === 4 ? 4 : 6;
}

function isLoopback(ip: Ip): boolean {
  const { bytes } = ip.address;
  return familyOf(ip) === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

const isUnspecified = ({ address }: Ip) => address.bytes.every((byte) => byte === 0);

function isLinkLocalMulticast(ip: Ip): boolean {
  const [a = 0, b = 0, c = 0] = ip.address.bytes;
  return familyOf(ip) === 4 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 2;
}

function isLinkLocalUnicast(ip: Ip): boolean {
  const [a = 0, b = 0] = ip.address.bytes;
  return familyOf(ip) === 4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80;
}

function isMulticast(ip: Ip): boolean {
  const [a = 0] = ip.address.bytes;
  return familyOf(ip) === 4 ? (a & 0xf0) === 224 : a === 0xff;
}

function isGlobalUnicast(ip: Ip): boolean {
  const broadcast = familyOf(ip) === 4 && ip.address.bytes.every((byte) => byte === 255);
  return !broadcast && !isUnspecified(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);
}

const parsing = { cost: traverseFirst };
const question = (name: string, ask: (ip: Ip) => boolean): Overload => method(name, [ipType], boolType, ask);

const ipOverloads: readonly Overload[] = [
  define("ip", [stringType], ipType, needIp, parsing),
  define("isIP", [stringType], boolType, (text: string) => "value" in strictAddress(text), parsing),
  define("ip.isCanonical", [stringType], boolType, (text: string) => needIp(text).text === text, {
    cost: traverseTwice,
  }),
  method("family", [ipType], intType, (ip: Ip) => BigInt(familyOf(ip))),
  question("isUnspecified", isUnspecified),
  question("isLoopback", isLoopback),
  question("isLinkLocalMulticast", isLinkLocalMulticast),
  question("isLinkLocalUnicast", isLinkLocalUnicast),
  question("isGlobalUnicast", isGlobalUnicast),
  define("string", [ipType], stringType, (ip: Ip) => ip.text),
];

function containsCidr(outer: Cidr, inner: Cidr): boolean {
  const { address, length } = inner.prefix;
  if (address.bytes.length !== outer.prefix.address.bytes.length || length < outer.prefix.length) return false;
  return prefixContains(outer.prefix, { ...address, bytes: maskedAddress(inner.prefix) });
}

function masked({ prefix }: Cidr): Cidr {
  return hasHostBits(prefix)
    ? new Cidr({ ...prefix, address: { ...prefix.address, bytes: maskedAddress(prefix) } })
    : new Cidr(prefix);
}

/** Bytes of the prefix are compared, twice over; a text is read first, and of a range the bits are compared as well. */
function containing(range: boolean) {
  const cost = (bytes: number, text: number) =>
    traversal(2 * bytes) + (range ? traversal(bytes) + 1 : 0) + traversal(text);
  return {
    spent: ([cidr, other]: readonly Value[]) =>
      cost(Math.ceil((cidr as Cidr).prefix.length / 8), typeof other === "string" ? other.length : 0),
    estimate: ([, other]: readonly Operand[]) => ({
      cost: cost(16, other?.type.kind === "opaque" ? 0 : (other?.size.max ?? 0)),
    }),
  };
}

const cidrOverloads: readonly Overload[] = [
  define("cidr", [stringType], cidrType, needCidr, parsing),
  define("isCIDR", [stringType], boolType, (text: string) => "value" in strictPrefix(text), parsing),
  method(
    "containsIP",
    [cidrType, stringType],
    boolType,
    (cidr: Cidr, text: string) => prefixContains(cidr.prefix, needIp(text).address),
    containing(false),
  ),
  method(
    "containsIP",
    [cidrType, ipType],
    boolType,
    (cidr: Cidr, ip: Ip) => prefixContains(cidr.prefix, ip.address),
    containing(false),
  ),
  method(
    "containsCIDR",
    [cidrType, stringType],
    boolType,
    (cidr: Cidr, text: string) => containsCidr(cidr, needCidr(text)),
    containing(true),
  ),
  method("containsCIDR", [cidrType, cidrType], boolType, containsCidr, containing(true)),
  method("ip", [cidrType], ipType, (cidr: Cidr) => new Ip(cidr.prefix.address)),
  method("masked", [cidrType], cidrType, masked),
  method("prefixLength", [cidrType], intType, (cidr: Cidr) => BigInt(cidr.prefix.length)),
  define("string", [cidrType], stringType, (cidr: Cidr) => cidr.text),
];

const typeConstant = (name: string) =>
  [name, { type: { kind: "type", of: opaque(name) } as const, value: new TypeValue(name) }] as const;

export const networkLibrary: Library = {
  overloads: [...ipOverloads, ...cidrOverloads],
  constants: new Map([typeConstant("net.IP"), typeConstant("net.CIDR")]),
};
