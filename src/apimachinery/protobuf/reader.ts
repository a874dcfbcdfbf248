import { DecodeError } from "../schema/contract.ts";
import { int64Of } from "../schema/exact-json.ts";
import { wireBytes, wireFixed32, wireFixed64, wireVarint } from "./wire.ts";

const unexpectedEnd = "unexpected EOF";

/** Reads protobuf messages, worded like Go's generated code where they are damaged. */
export class ProtobufReader {
  readonly #buffer: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#buffer.length;
  }

  /** An unsigned integer, exact up to 2^53. */
  varint(): number {
    const buffer = this.#buffer;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = buffer[this.at++];
      if (byte === undefined) throw new DecodeError(unexpectedEnd);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new DecodeError("proto: integer overflow");
  }

  int32(): number {
    const value = this.int();
    return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value | 0;
  }

  /** A signed integer in two's complement of 64 bits. */
  int(): number | bigint {
    const start = this.at;
    const value = this.varint();
    return value <= Number.MAX_SAFE_INTEGER ? value : int64Of(BigInt.asIntN(64, this.#bigVarint(start)));
  }

  bool(): boolean {
    return this.varint() !== 0;
  }

  double(): number {
    this.at += 8;
    if (this.at > this.#buffer.length) throw new DecodeError(unexpectedEnd);
    return this.#buffer.readDoubleLE(this.at - 8);
  }

  /** The length of what follows, checked against the end of the message around it, and where that will end. */
  end(limit: number): number {
    const size = this.varint();
    const end = this.at + size;
    if (end > limit) throw new DecodeError(unexpectedEnd);
    return end;
  }

  string(limit: number): string {
    const end = this.end(limit);
    const text = this.#buffer.toString("utf8", this.at, end);
    this.at = end;
    return text;
  }

  /** As base64. */
  base64(limit: number): string {
    const end = this.end(limit);
    const text = this.#buffer.toString("base64", this.at, end);
    this.at = end;
    return text;
  }

  raw(limit: number): Uint8Array {
    const end = this.end(limit);
    const bytes = this.#buffer.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  /** Passes over the value of a field that is not known. */
  skip(key: number, limit: number): void {
    const wire = key % 8;
    if (wire === wireVarint) this.varint();
    else if (wire === wireFixed64) this.at += 8;
    else if (wire === wireBytes) this.at = this.end(limit);
    else if (wire === wireFixed32) this.at += 4;
    else throw new DecodeError(`proto: illegal wireType ${wire}`);
    if (this.at > limit) throw new DecodeError(unexpectedEnd);
  }

  #bigVarint(start: number): bigint {
    let value = 0n;
    for (let index = 0; start + index < this.at; index++) {
      value |= BigInt((this.#buffer[start + index] ?? 0) & 0x7f) << BigInt(7 * index);
    }
    return value;
  }
}
