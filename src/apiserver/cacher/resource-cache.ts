import type { KubeObject } from "../../apimachinery/index.ts";
import { messageOf, type Log } from "../../base/index.ts";
import type { Entry, Store, WatchEvent } from "../../storage/index.ts";
import { CacheEntry } from "./entry.ts";
import { Change, EventRing, type RingLimits } from "./event-ring.ts";
import { FieldIndex } from "./field-index.ts";
import type { HubSink, StoreHub } from "./hub.ts";
import type { EntryShape } from "./shape.ts";
import { type Snapshot, SortedEntries } from "./sorted-entries.ts";
import { TriggerIndex } from "./trigger-index.ts";

export interface ResourceCacheOptions {
  /** Ends with a slash: `/registry/pods/`. */
  readonly prefix: string;
  readonly shape: EntryShape;
  readonly store: Store;
  readonly hub: StoreHub;
  readonly log: Log;
  /** Selectable fields kept as indexes once somebody selects by them, and how to read each. */
  readonly indexes?: Readonly<Record<string, (object: KubeObject) => string>>;
  readonly ring?: RingLimits;
}

/** The one value that a watcher wants of an indexed field; it is not even woken for others. */
export interface Trigger {
  readonly field: string;
  readonly value: string;
  /** Gets each change of an object that has, or had, this value. */
  notice(change: Change): void;
}

/** Told about changes: once per batch, after the cache has taken it in. */
export interface ChangeListener {
  /** Reads objects, not only bytes: what a write left is kept for it a while. */
  readonly readsObjects?: boolean;
  /** New changes are in the ring. */
  wake(): void;
  /** Continuity is lost; the watch must end. */
  broken(): void;
}

const ringDefault: RingLimits = { changesMax: 16_384, bytesMax: 64 * 1024 * 1024 };
/** Written objects kept for readers in this process that have not come to them yet. */
const writtenMax = 1_024;
/** Snapshots kept for pages that are still to come. */
const snapshotsMax = 32;
const listPage = 5_000;

/** The watch cache of one stored resource: current state in key order, recent changes, snapshots. */
export class ResourceCache implements HubSink {
  readonly prefix: string;
  readonly shape: EntryShape;
  readonly #options: ResourceCacheOptions;
  readonly #entries = new SortedEntries();
  readonly #listeners = new Set<ChangeListener>();
  readonly #triggers = new TriggerIndex();
  readonly #noticed = new Set<ChangeListener>();
  readonly #snapshots = new Map<number, Snapshot>();
  readonly #indexes = new Map<string, FieldIndex>();
  /** Objects of writes under way, so that nothing is parsed; then their entries, for the second of answer and event. */
  readonly #expected = new WeakMap<Uint8Array, KubeObject | CacheEntry>();
  #ring: EventRing;
  #starting: Promise<void> | undefined;
  #ready = false;
  #pending: WatchEvent[] = [];
  #latest: Snapshot | undefined;
  /** Entries that still hold the object of their write. */
  #written: CacheEntry[] = [];
  #objectReaders = 0;
  /** How often it has been filled. */
  fills = 0;

  constructor(options: ResourceCacheOptions) {
    this.prefix = options.prefix;
    this.shape = options.shape;
    this.#options = options;
    this.#ring = new EventRing(options.ring ?? ringDefault, 0);
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** All caches follow one watch, so this is the hub's revision. */
  get revision(): number {
    return this.#options.hub.revision;
  }

  get ring(): EventRing {
    return this.#ring;
  }

  get size(): number {
    return this.#entries.size;
  }

  get listenerCount(): number {
    return this.#listeners.size + this.#triggers.size;
  }

  /** Fills the cache on first use. */
  start(): Promise<void> {
    this.#starting ??= this.#load().catch((error: unknown) => {
      this.#starting = undefined;
      this.#options.hub.unregister(this);
      throw error;
    });
    return this.#starting;
  }

  /** The cache holds everything that was committed when this was called. */
  async fresh(signal?: AbortSignal): Promise<void> {
    if (!this.#ready) await this.start();
    const { store, hub } = this.#options;
    const revision = await store.currentRevision();
    if (revision > hub.revision) await hub.waitFor(revision, signal);
  }

  async waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    if (!this.#ready) await this.start();
    await this.#options.hub.waitFor(revision, signal);
  }

  get(key: string): CacheEntry | undefined {
    return this.#entries.get(key);
  }

  snapshot(): Snapshot {
    const { revision } = this;
    if (this.#latest?.revision === revision) return this.#latest;
    this.#latest = this.#entries.snapshot(revision);
    return this.#latest;
  }

  /** Keeps a snapshot for the pages that follow. */
  keep(snapshot: Snapshot): void {
    this.#snapshots.delete(snapshot.revision);
    this.#snapshots.set(snapshot.revision, snapshot);
    if (this.#snapshots.size <= snapshotsMax) return;
    const oldest = this.#snapshots.keys().next();
    if (oldest.done !== true) this.#snapshots.delete(oldest.value);
  }

  kept(revision: number): Snapshot | undefined {
    if (this.#latest?.revision === revision) return this.#latest;
    return this.#snapshots.get(revision) ?? (revision === this.revision ? this.snapshot() : undefined);
  }

  /** Keys of the objects whose field has this value, in order; undefined for fields without an index. */
  keysByField(field: string, value: string): readonly string[] | undefined {
    const read = this.#options.indexes?.[field];
    if (read === undefined) return undefined;
    let index = this.#indexes.get(field);
    if (index === undefined) {
      index = new FieldIndex(read);
      for (const chunk of this.snapshot().chunks) for (const entry of chunk.entries) index.add(entry);
      this.#indexes.set(field, index);
    }
    return index.keys(value);
  }

  /** Whether watchers of one value of this field can be told apart cheaply. */
  hasTrigger(field: string): boolean {
    return this.#options.indexes?.[field] !== undefined;
  }

  subscribe(listener: ChangeListener, trigger?: Trigger): () => void {
    const read = trigger === undefined ? undefined : this.#options.indexes?.[trigger.field];
    if (listener.readsObjects === true) this.#objectReaders += 1;
    const remove =
      trigger !== undefined && read !== undefined ? this.#triggers.add(listener, trigger, read) : this.#add(listener);
    return () => {
      if (remove() && listener.readsObjects === true) this.#objectReaders -= 1;
    };
  }

  #add(listener: ChangeListener): () => boolean {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Without readers of objects in this process only bytes are kept; for them, the newest objects. */
  #forgetWritten(): void {
    const keep = this.#objectReaders > 0 ? writtenMax : 0;
    if (this.#written.length <= 2 * keep) return;
    const surplus = this.#written.length - keep;
    for (const entry of this.#written.slice(0, surplus)) entry.forget();
    this.#written = this.#written.slice(surplus);
  }

  /** Announces that `object` is what `stored` encodes. Do so before the transaction. */
  expect(stored: Uint8Array, object: KubeObject): void {
    this.#expected.set(stored, object);
  }

  /** The entry of a write that has just been committed, shared with the cache when that has seen it already. */
  committed(key: string, stored: Uint8Array, revision: number): CacheEntry {
    const known = this.#entries.get(key);
    return known?.revision === revision ? known : this.#entryOf(key, stored, revision);
  }

  apply(event: WatchEvent): void {
    if (this.#ready) this.#take(event);
    else this.#pending.push(event);
  }

  flush(): void {
    if (!this.#ready) return;
    for (const listener of this.#listeners) listener.wake();
    for (const listener of this.#noticed) listener.wake();
    this.#noticed.clear();
    this.#forgetWritten();
  }

  reset(): void {
    this.#ready = false;
    this.#pending = [];
    this.#starting = undefined;
    this.#indexes.clear();
    this.#snapshots.clear();
    this.#latest = undefined;
    const listeners = [...this.#listeners, ...this.#triggers.clear()];
    this.#listeners.clear();
    this.#noticed.clear();
    for (const listener of listeners) listener.broken();
    this.start().catch((error: unknown) => {
      this.#options.log.warn("watch cache could not be filled", { prefix: this.prefix, error: messageOf(error) });
    });
  }

  /** Ends all watches and follows the store no longer. */
  stop(): void {
    this.#options.hub.unregister(this);
    this.#ready = false;
    const listeners = [...this.#listeners, ...this.#triggers.clear()];
    this.#listeners.clear();
    for (const listener of listeners) listener.broken();
  }

  async #load(): Promise<void> {
    const { hub, store } = this.#options;
    await hub.start();
    hub.register(this);
    const entries: CacheEntry[] = [];
    let page = await store.list(this.prefix, { limit: listPage });
    const { revision } = page;
    for (;;) {
      for (const { key, value, modRevision } of page.entries) {
        const entry = this.#readable(key, value, modRevision, this.shape.refresh);
        if (entry !== undefined) entries.push(entry);
      }
      const last = page.entries.at(-1);
      if (!page.more || last === undefined) break;
      page = await store.list(this.prefix, { limit: listPage, startAfter: last.key, revision });
    }
    this.#entries.load(entries);
    this.#ring = new EventRing(this.#options.ring ?? ringDefault, revision);
    this.#latest = undefined;
    await hub.waitFor(revision);
    this.#ready = true;
    this.fills += 1;
    const missed = this.#pending;
    this.#pending = [];
    for (const event of missed) if (revisionOf(event) > revision) this.#take(event);
  }

  #entryOf(key: string, value: Uint8Array, revision: number): CacheEntry {
    const expected = this.#expected.get(value);
    if (expected === undefined) return CacheEntry.fromStored(key, value, revision, this.shape);
    if (expected instanceof CacheEntry) {
      this.#expected.delete(value);
      if (expected.revision === revision && expected.key === key) return expected;
      return CacheEntry.fromStored(key, value, revision, this.shape);
    }
    const entry = CacheEntry.fromStored(key, value, revision, this.shape, expected);
    this.#expected.set(value, entry);
    return entry;
  }

  /** One damaged value must not stop everything else. */
  #readable(
    key: string,
    value: Uint8Array,
    revision: number,
    refresh?: (value: Uint8Array) => Uint8Array,
  ): CacheEntry | undefined {
    try {
      return this.#entryOf(key, refresh?.(value) ?? value, revision);
    } catch (error) {
      this.#options.log.error("a stored value cannot be read", { key, error: messageOf(error) });
      return undefined;
    }
  }

  #take(event: WatchEvent): void {
    if (event.type === "put") this.#put(event.entry);
    else this.#delete(event.key, event.revision);
  }

  #put({ key, value, modRevision }: Entry): void {
    const entry = this.#readable(key, value, modRevision);
    if (entry === undefined) return;
    this.#written.push(entry);
    const previous = this.#entries.put(entry);
    for (const index of this.#indexes.values()) index.replace(previous, entry);
    this.#record(new Change(modRevision, previous === undefined ? "ADDED" : "MODIFIED", entry, previous));
  }

  #delete(key: string, revision: number): void {
    const previous = this.#entries.delete(key);
    if (previous === undefined) return;
    for (const index of this.#indexes.values()) index.remove(previous);
    this.#record(new Change(revision, "DELETED", previous.at(revision), previous));
  }

  #record(change: Change): void {
    this.#ring.push(change);
    if (this.#triggers.size > 0) this.#triggers.notice(change, this.#noticed);
  }
}

function revisionOf(event: WatchEvent): number {
  return event.type === "put" ? event.entry.modRevision : event.revision;
}
