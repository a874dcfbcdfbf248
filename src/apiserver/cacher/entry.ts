import { type KubeObject, parseJson } from "../../apimachinery/index.ts";
import {
  asBuffer,
  type EntryShape,
  freezeDeep,
  parseFrozen,
  respliceRevision,
  type SplicedItem,
  spliceRevision,
} from "./shape.ts";

const noLabels: Readonly<Record<string, string>> = Object.freeze({});

/** One object at one revision: its bytes, and on demand the parsed object that all in-process readers share. */
export class CacheEntry {
  readonly key: string;
  readonly revision: number;
  readonly shape: EntryShape;
  /** Encodings made on first request (protobuf, other versions), by whoever makes them. */
  #extra: Map<unknown, unknown> | undefined;
  readonly #item: Buffer;
  readonly #revisionOffset: number;
  /** What a write left, until somebody has taken it or `forget` is called. */
  #written: KubeObject | undefined;
  /** What was handed out. Weak: a server whose clients are all elsewhere keeps only bytes. */
  #handedOut: WeakRef<KubeObject> | undefined;
  #labels: Readonly<Record<string, string>> | undefined;

  private constructor(key: string, revision: number, shape: EntryShape, spliced: SplicedItem, object?: KubeObject) {
    this.key = key;
    this.revision = revision;
    this.shape = shape;
    this.#item = spliced.item;
    this.#revisionOffset = spliced.revisionOffset;
    if (object === undefined) return;
    // A second entry for the same write (the answer and the event that comes back) finds the object frozen already.
    if (!Object.isFrozen(object.metadata)) object.metadata.resourceVersion = String(revision);
    else if (object.metadata.resourceVersion !== String(revision)) return;
    this.#labels = object.metadata.labels ?? noLabels;
    this.#written = object;
  }

  /** `object` is what `stored` encodes; it passes into the entry's possession. */
  static fromStored(
    key: string,
    stored: Uint8Array,
    revision: number,
    shape: EntryShape,
    object?: KubeObject,
  ): CacheEntry {
    const own = shape.shapeOf?.(asBuffer(stored)) ?? shape;
    return new CacheEntry(key, revision, own, spliceRevision(own, stored, revision), object);
  }

  get extra(): Map<unknown, unknown> {
    this.#extra ??= new Map();
    return this.#extra;
  }

  /** JSON without `kind` and `apiVersion`, as lists contain it. */
  get item(): Buffer {
    return this.#item;
  }

  /** The whole object as JSON. */
  get json(): Buffer {
    return Buffer.concat([this.shape.head, this.#item.subarray(1)]);
  }

  get name(): string {
    return this.key.slice(this.key.lastIndexOf("/") + 1);
  }

  get labels(): Readonly<Record<string, string>> {
    this.#labels ??= this.peeked.metadata.labels ?? noLabels;
    return this.#labels;
  }

  /** For reading inside the server: like `object`, but not frozen yet. */
  get peeked(): KubeObject {
    return this.#written ?? this.#handedOut?.deref() ?? this.object;
  }

  /** Frozen. Shared by everybody who asks while anybody holds it. */
  get object(): KubeObject {
    const known = this.#handedOut?.deref();
    if (known !== undefined) return known;
    const object = this.#written === undefined ? parseFrozen(this.text()) : freezeDeep(this.#written);
    this.#written = undefined;
    this.#handedOut = new WeakRef(object);
    return object;
  }

  /** A selectable field's value, read once. */
  fieldValue(read: (object: KubeObject) => string): string {
    let value = this.extra.get(read) as string | undefined;
    if (value === undefined) {
      value = read(this.peeked);
      this.extra.set(read, value);
    }
    return value;
  }

  /** A new copy that the caller may change. */
  copy(): KubeObject {
    return parseJson(this.text()) as KubeObject;
  }

  /** The same object, dated with the revision at which it ceased to be (or to match). */
  at(revision: number): CacheEntry {
    const spliced = respliceRevision({ item: this.#item, revisionOffset: this.#revisionOffset }, revision);
    return new CacheEntry(this.key, revision, this.shape, spliced);
  }

  /** Lets go of the object that a write left: from now on it is parsed when asked for. */
  forget(): void {
    this.#written = undefined;
  }

  text(): string {
    return this.shape.head.toString("latin1") + this.#item.toString("utf8", 1);
  }
}
