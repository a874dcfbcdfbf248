import type { CacheEntry } from "./entry.ts";

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** One change of one object, kept once for all watchers, with the frames made for them. */
export class Change {
  readonly revision: number;
  readonly type: ChangeType;
  /** The new state; for a deletion the last one. */
  readonly entry: CacheEntry;
  readonly previous: CacheEntry | undefined;
  /** Position among all changes of this resource since the cache started. */
  sequence = 0;
  #frames: Map<string, Buffer> | undefined;
  #gone: CacheEntry | undefined;

  constructor(revision: number, type: ChangeType, entry: CacheEntry, previous: CacheEntry | undefined) {
    this.revision = revision;
    this.type = type;
    this.entry = entry;
    this.previous = previous;
  }

  /** What a watcher sees when the object ceases to match: its last matching state at this revision. */
  get gone(): CacheEntry {
    if (this.type === "DELETED") return this.entry;
    this.#gone ??= (this.previous ?? this.entry).at(this.revision);
    return this.#gone;
  }

  /** The frame under this name, made on first request. */
  frame(name: string, make: () => Buffer): Buffer {
    let frame = this.#frames?.get(name);
    if (frame === undefined) {
      frame = make();
      this.#frames ??= new Map();
      this.#frames.set(name, frame);
    }
    return frame;
  }

  get size(): number {
    return this.entry.item.length;
  }
}

export interface RingLimits {
  readonly changesMax: number;
  readonly bytesMax: number;
}

/** The newest changes of one resource, bounded by number and bytes. Readers keep their own position. */
export class EventRing {
  readonly #limits: RingLimits;
  readonly #slots: (Change | undefined)[];
  #first = 0;
  #next = 0;
  #bytes = 0;
  /** Everything after this revision is in the ring. */
  #floor: number;

  constructor(limits: RingLimits, floor: number) {
    this.#limits = limits;
    this.#slots = [];
    this.#floor = floor;
  }

  /** Changes that it can hold. */
  get capacity(): number {
    return this.#limits.changesMax;
  }

  /** The sequence number that the next change will get. */
  get next(): number {
    return this.#next;
  }

  /** The oldest sequence number still held. */
  get first(): number {
    return this.#first;
  }

  get floor(): number {
    return this.#floor;
  }

  push(change: Change): void {
    const { changesMax, bytesMax } = this.#limits;
    if (this.#next - this.#first === changesMax) this.#drop();
    change.sequence = this.#next;
    this.#slots[this.#next % changesMax] = change;
    this.#next += 1;
    this.#bytes += change.size;
    while (this.#bytes > bytesMax && this.#next - this.#first > 1) this.#drop();
  }

  at(sequence: number): Change | undefined {
    if (sequence < this.#first || sequence >= this.#next) return undefined;
    return this.#slots[sequence % this.#limits.changesMax];
  }

  /** Where a reader that has seen everything up to `revision` goes on; undefined when that past is gone. */
  after(revision: number): number | undefined {
    if (revision < this.#floor) return undefined;
    let low = this.#first;
    let high = this.#next;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.at(middle)?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(): void {
    const slot = this.#first % this.#limits.changesMax;
    const oldest = this.#slots[slot];
    if (oldest !== undefined) {
      this.#slots[slot] = undefined;
      this.#bytes -= oldest.size;
      this.#floor = oldest.revision;
    }
    this.#first += 1;
  }
}
