import { compareKeys } from "../keys.ts";
import type { Entry } from "../contract.ts";
import type { KeyValue } from "./messages.ts";

const NUL = Buffer.from([0]);

export interface Range {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

/** etcd's way of saying "all keys". */
export const EVERYTHING: Range = { key: NUL, rangeEnd: NUL };

export function toBytes(key: string): Buffer {
  return Buffer.from(key, "utf8");
}

/** The value is copied: it is a view of the whole response, which it would keep in memory. */
export function toEntry(kv: KeyValue): Entry {
  return {
    key: Buffer.from(kv.key.buffer, kv.key.byteOffset, kv.key.byteLength).toString("utf8"),
    value: Buffer.from(kv.value),
    modRevision: kv.modRevision,
    createRevision: kv.createRevision,
  };
}

/** Everything that starts with the prefix, or what of it comes after a key. */
export function rangeOf(prefix: string, startAfter?: string): Range {
  const rangeEnd = prefixEnd(toBytes(prefix));
  if (startAfter !== undefined && compareKeys(startAfter, prefix) >= 0) {
    return { key: Buffer.concat([toBytes(startAfter), NUL]), rangeEnd };
  }
  return { key: prefix === "" ? NUL : toBytes(prefix), rangeEnd };
}

/** Whether a range holds nothing whatever is stored; etcd refuses to be asked for those that end before they begin. */
export function isEmpty({ key, rangeEnd }: Range): boolean {
  return !NUL.equals(rangeEnd) && Buffer.compare(key, rangeEnd) >= 0;
}

/** The first key after all that start with the prefix; a zero byte, if there is none. */
function prefixEnd(prefix: Buffer): Buffer {
  for (let index = prefix.length - 1; index >= 0; index--) {
    const byte = prefix[index] as number;
    if (byte === 0xff) continue;
    const end = Buffer.from(prefix.subarray(0, index + 1));
    end[index] = byte + 1;
    return end;
  }
  return NUL;
}
