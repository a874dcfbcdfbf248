import type { KubeObject } from "../../apimachinery/index.ts";
import { CacheEntry } from "../cacher/entry.ts";
import { entryShape, type EntryShape } from "../cacher/shape.ts";
import type { ResourceDescriptor } from "./contract.ts";
import { normalizer } from "./normalize.ts";

/** Cache entries as one served version shows them: the entries themselves where that is the stored version. */
export class Representation {
  readonly shape: EntryShape;
  readonly #descriptor: ResourceDescriptor;

  constructor(descriptor: ResourceDescriptor, stored: EntryShape) {
    this.#descriptor = descriptor;
    this.shape = descriptor.convert === undefined ? stored : servedShape(descriptor);
  }

  /** Bytes and objects of the cache can be passed on as they are. */
  get direct(): boolean {
    return this.#descriptor.convert === undefined;
  }

  of(entry: CacheEntry): CacheEntry | Promise<CacheEntry> {
    const { convert } = this.#descriptor;
    if (convert === undefined || this.#isServed(entry)) return entry;
    const known = entry.extra.get(this.#descriptor) as CacheEntry | undefined;
    if (known !== undefined) return known;
    const objects = convert.fromStorage([entry.object]);
    return objects instanceof Promise
      ? objects.then((list) => this.#remember(entry, list[0]))
      : this.#remember(entry, objects[0]);
  }

  /** All of a list at once, so that a webhook is asked once. */
  async all(entries: readonly CacheEntry[]): Promise<readonly CacheEntry[]> {
    const { convert } = this.#descriptor;
    if (convert === undefined) return entries;
    const missing = entries.filter((entry) => !this.#isServed(entry) && !entry.extra.has(this.#descriptor));
    if (missing.length > 0) {
      const objects = await convert.fromStorage(missing.map((entry) => entry.object));
      for (const [index, entry] of missing.entries()) this.#remember(entry, objects[index]);
    }
    return entries.map((entry) => (entry.extra.get(this.#descriptor) as CacheEntry | undefined) ?? entry);
  }

  /** The entry is stored in the very version that is served. */
  #isServed({ shape: { gvk } }: CacheEntry): boolean {
    const { group, version } = this.#descriptor.gvk;
    return gvk.version === version && gvk.group === group;
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

function servedShape({ gvk, codec }: ResourceDescriptor): EntryShape {
  return entryShape(gvk, normalizer({ storageCodec: codec, storageVersion: gvk }));
}
