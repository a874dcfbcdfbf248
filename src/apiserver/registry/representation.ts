import type { KubeObject } from "../../apimachinery/index.ts";
import { CacheEntry } from "../cacher/entry.ts";
import { entryShape, type EntryShape } from "../cacher/shape.ts";
import type { ResourceDescriptor } from "./contract.ts";

/** Cache entries as one served version shows them: the entries themselves where that is the stored version. */
export class Representation {
  readonly shape: EntryShape;
  readonly #descriptor: ResourceDescriptor;

  constructor(descriptor: ResourceDescriptor, stored: EntryShape) {
    this.#descriptor = descriptor;
    this.shape = descriptor.convert === undefined ? stored : entryShape(descriptor.gvk, stored.normalize);
  }

  /** Bytes and objects of the cache can be passed on as they are. */
  get direct(): boolean {
    return this.#descriptor.convert === undefined;
  }

  of(entry: CacheEntry): CacheEntry | Promise<CacheEntry> {
    const { convert } = this.#descriptor;
    if (convert === undefined) return entry;
    const known = entry.extra.get(this.#descriptor) as CacheEntry | undefined;
    if (known !== undefined) return known;
    const objects = convert.fromStorage([entry.object]);
    return objects instanceof Promise
      ? objects.then((list) => this.#remember(entry, list[0]))
      : this.#remember(entry, objects[0]);
  }

  async all(entries: readonly CacheEntry[]): Promise<readonly CacheEntry[]> {
    if (this.direct) return entries;
    return Promise.all(entries.map((entry) => this.of(entry)));
  }

  #remember(entry: CacheEntry, object: KubeObject | undefined): CacheEntry {
    if (object === undefined) throw new Error(`conversion of ${entry.key} gave nothing`);
    const bare = { ...object, metadata: { ...object.metadata } };
    delete bare.metadata.resourceVersion;
    const bytes = Buffer.from(this.#descriptor.codec.encode(bare));
    const view = CacheEntry.fromStored(entry.key, bytes, entry.revision, this.shape);
    entry.extra.set(this.#descriptor, view);
    return view;
  }
}
