import { must } from "../../base/index.ts";
import {
  CompactedError,
  FutureRevisionError,
  type Entry,
  type ListOptions,
  type ListResult,
  type Revision,
  type WatchBatch,
  type WatchEvent,
} from "../contract.ts";
import { compareKeys } from "../keys.ts";
import { Deque } from "./deque.ts";
import { type Position, SortedMap } from "./sorted-map.ts";
import { entryAt, readRevision, type Version } from "./version.ts";

interface Change {
  readonly batch: WatchBatch;
  /** The version that each event made. */
  readonly versions: readonly Version[];
  readonly bytes: number;
}

/** What one event costs beside the value it superseded, roughly. */
const EVENT_OVERHEAD_BYTES = 256;

/** An empty store has this revision, as in etcd: a list that shows 0 would mean "any" to Kubernetes. */
export const FIRST_REVISION = 1;

/**
 * All keys at all revisions since the last compaction: what has become durable, and nothing else. Live keys and
 * deleted ones are kept apart, so that counting what lives needs no walk.
 */
export class VersionedMap {
  readonly #live = new SortedMap<Version>();
  readonly #deleted = new SortedMap<Version>();
  /** One item per revision after `#compacted`, without gaps. */
  readonly #history = new Deque<Change>();
  #revision: Revision;
  #compacted: Revision;
  #historyBytes = 0;
  #valueBytes = 0;

  /** History begins after `revision`; with it, when that is the first one. */
  constructor(revision: Revision) {
    this.#revision = revision;
    this.#compacted = revision;
    if (revision > FIRST_REVISION) return;
    this.#compacted = revision - 1;
    this.#history.push({ batch: { revision, events: [] }, versions: [], bytes: 0 });
  }

  get revision(): Revision {
    return this.#revision;
  }

  get compactedRevision(): Revision {
    return this.#compacted;
  }

  /** Bytes of superseded values, and a flat charge for each event. */
  get historyBytes(): number {
    return this.#historyBytes;
  }

  /** Bytes of live values. */
  get valueBytes(): number {
    return this.#valueBytes;
  }

  /** Adds a key that came into being before history begins; keys must ascend. */
  load(entry: Entry): void {
    this.#live.append(entry.key, { revision: entry.modRevision, entry, older: undefined });
    this.#valueBytes += entry.value.length;
  }

  get(key: string): Entry | undefined {
    return this.#live.get(key)?.entry;
  }

  list(prefix: string, options: ListOptions = {}): ListResult {
    const revision = readRevision(options, this.#revision, this.#compacted);
    return revision === this.#revision ? this.#listNow(prefix, options) : this.#listPast(prefix, options, revision);
  }

  /** Takes over the next revision. */
  apply(batch: WatchBatch): void {
    let bytes = 0;
    const versions: Version[] = [];
    for (const event of batch.events) {
      bytes += EVENT_OVERHEAD_BYTES + (event.previous?.value.length ?? 0);
      versions.push(event.type === "put" ? this.#put(event.entry) : this.#delete(event.key, event.revision));
    }
    this.#revision = batch.revision;
    this.#history.push({ batch, versions, bytes });
    this.#historyBytes += bytes;
  }

  compact(revision: Revision): void {
    if (revision > this.#revision) throw new FutureRevisionError(this.#revision);
    while (this.#compacted < revision) this.#forgetOldest();
  }

  /** Compacts as far as needed for history to fit. */
  compactToBytes(historyBytesMax: number): void {
    while (this.#historyBytes > historyBytesMax) this.#forgetOldest();
  }

  /**
   * Visits the batches after a revision in order until told `false`. Throws `CompactedError` when the first of them
   * is gone.
   */
  replay(afterRevision: Revision, visit: (batch: WatchBatch) => boolean): void {
    if (afterRevision < this.#compacted) throw new CompactedError(this.#compacted);
    for (let index = afterRevision - this.#compacted; index < this.#history.length; index++) {
      if (!visit(must(this.#history.at(index), "history has no gaps").batch)) return;
    }
  }

  #put(entry: Entry): Version {
    const version: Version = { revision: entry.modRevision, entry, older: undefined };
    version.older = this.#live.set(entry.key, version);
    this.#valueBytes += entry.value.length - (version.older?.entry?.value.length ?? 0);
    if (version.older === undefined && this.#deleted.size > 0) {
      version.older = this.#deleted.get(entry.key);
      if (version.older !== undefined) this.#deleted.delete(entry.key);
    }
    return version;
  }

  #delete(key: string, revision: Revision): Version {
    const older = must(this.#live.get(key), "a deleted key was there");
    const version: Version = { revision, entry: undefined, older };
    this.#live.delete(key);
    this.#deleted.set(key, version);
    this.#valueBytes -= older.entry?.value.length ?? 0;
    return version;
  }

  #forgetOldest(): void {
    const { batch, versions, bytes } = must(this.#history.shift(), "history reaches to the current revision");
    for (const [index, version] of versions.entries()) {
      version.older = undefined;
      if (version.entry !== undefined) continue;
      const { key } = batch.events[index] as Extract<WatchEvent, { type: "delete" }>;
      if (this.#deleted.get(key) === version) this.#deleted.delete(key);
    }
    this.#historyBytes -= bytes;
    this.#compacted = batch.revision;
  }

  #listNow(prefix: string, options: ListOptions): ListResult {
    const from = firstPosition(this.#live, prefix, options.startAfter);
    const total = Math.max(0, this.#live.count(from, this.#live.prefixEnd(prefix)));
    const limit = options.limit ?? 0;
    const wanted = limit > 0 ? Math.min(limit, total) : total;
    const entries: Entry[] = [];
    this.#live.scan(from, (_key, version) => {
      if (entries.length === wanted) return false;
      if (version.entry !== undefined) entries.push(version.entry);
      return true;
    });
    return { entries, revision: this.#revision, more: wanted < total, remaining: total - wanted };
  }

  /** How many keys follow is not counted: that would take a walk over all of them. */
  #listPast(prefix: string, options: ListOptions, revision: Revision): ListResult {
    const limit = options.limit ?? 0;
    // One more than asked for tells whether there are more.
    const wanted = limit > 0 ? limit + 1 : Infinity;
    const found = collectAt(this.#live, prefix, options.startAfter, revision, wanted);
    const since = collectAt(this.#deleted, prefix, options.startAfter, revision, wanted);
    if (since.length > 0) {
      found.push(...since);
      found.sort((left, right) => compareKeys(left.key, right.key));
    }
    const more = found.length >= wanted;
    return { entries: more ? found.slice(0, limit) : found, revision, more, remaining: more ? undefined : 0 };
  }
}

function firstPosition(map: SortedMap<Version>, prefix: string, startAfter: string | undefined): Position {
  if (startAfter === undefined || compareKeys(startAfter, prefix) < 0) return map.lowerBound(prefix);
  return map.upperBound(startAfter);
}

function collectAt(
  map: SortedMap<Version>,
  prefix: string,
  startAfter: string | undefined,
  revision: Revision,
  limit: number,
): Entry[] {
  const entries: Entry[] = [];
  map.scan(firstPosition(map, prefix, startAfter), (key, version) => {
    if (!key.startsWith(prefix)) return false;
    const entry = entryAt(version, revision);
    if (entry !== undefined) entries.push(entry);
    return entries.length < limit;
  });
  return entries;
}
