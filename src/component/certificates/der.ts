import { Buffer } from "node:buffer";

/** The part of ASN.1 DER (X.690) that certificates and requests need: writing, and reading back. */

export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function tlv(type: number, content: Uint8Array): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([type, length]), content]);
  const size =
    length < 0x100
      ? [length]
      : length < 0x10000
        ? [length >> 8, length & 0xff]
        : [length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([type, 0x80 | size.length, ...size]), content]);
}

export const sequence = (...items: Uint8Array[]): Buffer => tlv(tag.sequence, Buffer.concat(items));
export const set = (...items: Uint8Array[]): Buffer => tlv(tag.set, Buffer.concat(items));
export const octets = (content: Uint8Array): Buffer => tlv(tag.octetString, content);
export const bits = (content: Uint8Array, unused = 0): Buffer =>
  tlv(tag.bitString, Buffer.concat([Buffer.from([unused]), content]));
export const boolean = (value: boolean): Buffer => tlv(tag.boolean, Buffer.from([value ? 0xff : 0]));
export const utf8 = (text: string): Buffer => tlv(tag.utf8String, Buffer.from(text));
/** Explicit context tag `[number]`. */
export const context = (number: number, content: Uint8Array): Buffer => tlv(0xa0 | number, content);
/** Implicit primitive context tag `[number]`. */
export const contextPrimitive = (number: number, content: Uint8Array): Buffer => tlv(0x80 | number, content);

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return tlv(tag.integer, (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    bytes.push(...digits);
  }
  return tlv(tag.oid, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). Whole seconds. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, "").slice(0, 14);
  const late = Number(digits.slice(0, 4)) >= 2050;
  return tlv(late ? tag.generalizedTime : tag.utcTime, Buffer.from(`${late ? digits : digits.slice(2)}Z`));
}

export interface Node {
  readonly type: number;
  readonly content: Buffer;
  /** The whole value, header included. */
  readonly raw: Buffer;
}

/** Reads the values in `bytes`, one after the other. Throws on anything that is not well-formed. */
export function read(bytes: Buffer): Node[] {
  const nodes: Node[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const { start, end } = extent(bytes, offset);
    nodes.push({ type: bytes[offset] ?? 0, content: bytes.subarray(start, end), raw: bytes.subarray(offset, end) });
    offset = end;
  }
  return nodes;
}

function extent(bytes: Buffer, offset: number): { start: number; end: number } {
  const first = bytes[offset + 1];
  if (first === undefined) throw new Error("asn1: syntax error: truncated tag or length");
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size === 0 || size > 4) throw new Error("asn1: structure error: unsupported length");
    if (start + size > bytes.length) throw new Error("asn1: syntax error: truncated tag or length");
    length = bytes.readUIntBE(start, size);
    start += size;
  }
  const end = start + length;
  if (end > bytes.length) throw new Error("asn1: syntax error: data truncated");
  return { start, end };
}

export function readOid(node: Node): string {
  const bytes = [...node.content];
  const first = bytes.shift() ?? 0;
  const parts = [Math.min(Math.floor(first / 40), 2)];
  parts.push(first - (parts[0] ?? 0) * 40);
  let value = 0;
  for (const byte of bytes) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(value);
      value = 0;
    }
  }
  return parts.join(".");
}

export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The first block of that label; `undefined` when there is none. */
export function fromPem(label: string, text: string): Buffer | undefined {
  const match = new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`).exec(text);
  return match?.[1] === undefined ? undefined : Buffer.from(match[1].replace(/\s/g, ""), "base64");
}
