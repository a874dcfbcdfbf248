import { type GroupVersionKind, type KubeObject, parseExactly } from "../../apimachinery/index.ts";

/**
 * How objects of one stored kind look as bytes. The store holds JSON without a resource version; the cache holds the
 * form that lists contain: without `kind` and `apiVersion`, with the resource version.
 */
export interface EntryShape {
  readonly gvk: GroupVersionKind;
  /** `{"kind":"Pod","apiVersion":"v1",`: what turns an item into a whole object, in place of its `{`. */
  readonly head: Buffer;
  /** `{"kind":"Pod","apiVersion":"v1","metadata":{`: how a stored value starts when it needs no decoding. */
  readonly storedPrefix: Buffer;
  /** Canonical stored bytes from any other stored form (protobuf, other key order). */
  readonly normalize: (value: Uint8Array) => Buffer;
  /** Where objects may be stored in several versions: the shape of the version that a value is stored in. */
  readonly shapeOf?: (value: Buffer) => EntryShape;
  /** Where schemas change: brings a value up to date that may have been stored under an earlier one. */
  readonly refresh?: (value: Uint8Array) => Uint8Array;
}

export function entryShape(gvk: GroupVersionKind, normalize: (value: Uint8Array) => Buffer): EntryShape {
  const head = `{"kind":${JSON.stringify(gvk.kind)},"apiVersion":${JSON.stringify(apiVersionOf(gvk))},`;
  return { gvk, head: Buffer.from(head), storedPrefix: Buffer.from(`${head}"metadata":{`), normalize };
}

export function apiVersionOf(gvk: { readonly group: string; readonly version: string }): string {
  return gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`;
}

const uidKey = Buffer.from('"uid":"');
const creationKey = Buffer.from('"creationTimestamp":');
const quote = 0x22;

/** An item with room for a resource version: everything before and after the digits. */
export interface SplicedItem {
  readonly item: Buffer;
  /** Where the digits of the resource version start in `item`. */
  readonly revisionOffset: number;
}

const before = '"resourceVersion":"';

/** Turns stored bytes into an item of a list, with `revision` as its resource version right after its uid. */
export function spliceRevision(shape: EntryShape, stored: Uint8Array, revision: number): SplicedItem {
  let value = asBuffer(stored);
  let at = insertionPoint(shape, value);
  if (at < 0) {
    value = shape.normalize(stored);
    at = insertionPoint(shape, value);
    if (at < 0) throw new Error(`stored ${shape.gvk.kind} has no uid`);
  }
  const text = `${before}${revision}",`;
  const from = shape.head.length;
  const item = allocateItem(value.length - from + 1 + text.length);
  item[0] = 0x7b;
  value.copy(item, 1, from, at);
  const offset = 1 + at - from;
  item.write(text, offset, "latin1");
  value.copy(item, offset + text.length, at);
  return { item, revisionOffset: offset + before.length };
}

const slabBytes = 64 * 1024;
const slabItemMax = 8 * 1024;
let slab = Buffer.allocUnsafeSlow(0);
let slabUsed = 0;

/** Small items come from slabs of their own: not beside short-lived buffers, which would keep memory of the pool alive. */
function allocateItem(length: number): Buffer {
  if (length > slabItemMax) return Buffer.allocUnsafeSlow(length);
  if (slabUsed + length > slab.length) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    slabUsed = 0;
  }
  const item = slab.subarray(slabUsed, slabUsed + length);
  slabUsed += length;
  return item;
}

/** The same item at another revision (the last state of an object carries the revision of its deletion). */
export function respliceRevision(spliced: SplicedItem, revision: number): SplicedItem {
  const { item, revisionOffset } = spliced;
  const end = item.indexOf(quote, revisionOffset);
  const digits = Buffer.from(String(revision), "latin1");
  return { item: Buffer.concat([item.subarray(0, revisionOffset), digits, item.subarray(end)]), revisionOffset };
}

/** Just after `"uid":"…",` in the metadata; -1 when the value is not laid out as this server writes it. */
function insertionPoint(shape: EntryShape, value: Buffer): number {
  const prefix = shape.storedPrefix;
  if (value.length < prefix.length || value.compare(prefix, 0, prefix.length, 0, prefix.length) !== 0) return -1;
  const uid = value.indexOf(uidKey, prefix.length);
  if (uid < 0) return -1;
  const end = value.indexOf(quote, uid + uidKey.length);
  // Before the uid stand only strings, in which a quote is escaped: this is a key, and of the metadata itself.
  const creation = value.indexOf(creationKey, prefix.length);
  if (end < 0 || creation < uid || value[end + 1] !== 0x2c) return -1;
  return end + 2;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether a number was frozen that may have had more digits. */
let rounded = false;

/** Parsed and frozen, with every digit of large integers, which are looked for on the way. */
export function parseFrozen(text: string): KubeObject {
  rounded = false;
  const object = freezeDeep(JSON.parse(text) as KubeObject);
  return rounded ? freezeDeep(parseExactly(text) as KubeObject) : object;
}

/** Freezes an object and everything below it; stops where something is frozen already. */
export function freezeDeep<T>(value: T): T {
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) rounded = true;
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (const item of value) freezeDeep(item);
  else for (const key in value) freezeDeep((value as Record<string, unknown>)[key]);
  return value;
}
