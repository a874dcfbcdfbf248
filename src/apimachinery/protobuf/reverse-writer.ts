import { goJson } from "../schema/go-json.ts";
import { keyOf, wireBytes, wireVarint } from "./wire.ts";

const initialSize = 16 * 1024;
const shortString = 48;

/**
 * Writes protobuf from the end towards the beginning, so that the length of a message is known when its length is
 * due. Fields are therefore written last one first.
 */
export class ReverseWriter {
  #buffer = Buffer.allocUnsafe(initialSize);
  #at = initialSize;

  /** Bytes written so far: what `endMessage` needs to know of the time before the message. */
  get written(): number {
    return this.#buffer.length - this.#at;
  }

  /** A copy of all that was written; the writer begins anew. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.written);
    bytes.set(this.#buffer.subarray(this.#at));
    if (this.#buffer.length > 64 * initialSize) this.#buffer = Buffer.allocUnsafe(initialSize);
    this.#at = this.#buffer.length;
    return bytes;
  }

  /** To be called in place of `finish` after a failure. */
  discard(): void {
    this.#at = this.#buffer.length;
  }

  /** Length and key of the message whose fields were written since `written` was `before`. */
  endMessage(key: number, before: number): void {
    this.#varint(this.written - before);
    this.#varint(key);
  }

  string(key: number, text: string): void {
    this.#varint(this.#text(text));
    this.#varint(key);
  }

  /** `base64` is decoded. */
  bytes(key: number, base64: string): void {
    this.raw(key, Buffer.from(base64, "base64"));
  }

  raw(key: number, bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
    this.#varint(bytes.length);
    this.#varint(key);
  }

  bool(key: number, value: boolean): void {
    this.#varint(value ? 1 : 0);
    this.#varint(key);
  }

  /** Negative numbers take ten bytes, as in Go. */
  int(key: number, value: number | bigint): void {
    if (typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER) this.#varint(value);
    else this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
    this.#varint(key);
  }

  double(key: number, value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
    this.#varint(key);
  }

  quantity(key: number, text: string): void {
    const before = this.written;
    this.string(keyOf(1, wireBytes), text);
    this.endMessage(key, before);
  }

  intOrString(key: number, value: number | string): void {
    const before = this.written;
    const isString = typeof value === "string";
    this.string(keyOf(3, wireBytes), isString ? value : "");
    this.int(keyOf(2, wireVarint), isString ? 0 : value);
    this.int(keyOf(1, wireVarint), isString ? 1 : 0);
    this.endMessage(key, before);
  }

  /** An absent time is an empty message. `text` is canonical; what is finer than a microsecond is not there. */
  time(key: number, text: string | null | undefined): void {
    const before = this.written;
    if (text) {
      const micros = text.length === 27 ? Number(text.slice(20, 26)) : 0;
      this.int(keyOf(2, wireVarint), micros * 1000);
      this.int(keyOf(1, wireVarint), Date.parse(`${text.slice(0, 19)}Z`) / 1000);
    }
    this.endMessage(key, before);
  }

  /** `runtime.RawExtension` and its like, which hold JSON text, written as Go does: controllers compare it. */
  json(key: number, value: unknown): void {
    const before = this.written;
    if (value !== undefined && value !== null) this.raw(keyOf(1, wireBytes), Buffer.from(goJson(value)));
    this.endMessage(key, before);
  }

  /** Gives the size in bytes. */
  #text(text: string): number {
    const { length } = text;
    if (length <= shortString) {
      this.#reserve(length);
      const buffer = this.#buffer;
      let at = this.#at;
      let index = length - 1;
      for (; index >= 0; index--) {
        const code = text.charCodeAt(index);
        if (code >= 0x80) break;
        buffer[--at] = code;
      }
      if (index < 0) {
        this.#at = at;
        return length;
      }
    }
    const size = Buffer.byteLength(text);
    this.#reserve(size);
    this.#at -= size;
    this.#buffer.write(text, this.#at, size, "utf8");
    return size;
  }

  #varint(value: number): void {
    this.#reserve(10);
    const buffer = this.#buffer;
    if (value < 0x80) {
      buffer[--this.#at] = value;
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    this.#at -= size;
    let at = this.#at;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) buffer[at++] = (rest % 0x80) + 0x80;
    buffer[at] = rest;
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.#reserve(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  #reserve(size: number): void {
    if (this.#at >= size) return;
    const used = this.#buffer.length - this.#at;
    const bigger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, used + size));
    this.#buffer.copy(bigger, bigger.length - used, this.#at);
    this.#at = bigger.length - used;
    this.#buffer = bigger;
  }
}
