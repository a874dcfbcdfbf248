import type { CacheEntry } from "./entry.ts";
import type { Change, ChangeType } from "./event-ring.ts";
import type { ResourceCache, Trigger } from "./resource-cache.ts";

/** Which objects a list or watch concerns. `undefined` as a whole means every object below the prefix. */
export interface EntryFilter {
  matches(entry: CacheEntry): boolean;
  /** Must have resolved before `matches` is asked of the entry; undefined: nothing to wait for. */
  prepare?(entry: CacheEntry): Promise<unknown> | undefined;
}

export interface WatchStart {
  /** Objects that exist already, sent as ADDED. */
  readonly initial?: Iterable<CacheEntry>;
  /** The first change to look at. */
  readonly sequence: number;
  /** A field of which only one value is wanted, if the cache can tell watchers apart by it. */
  readonly only?: { readonly field: string; readonly value: string };
  /** The revision up to which the watcher knows everything (at the start, after the initial objects). */
  readonly revision: number;
}

export type Delivery =
  | { readonly type: ChangeType; readonly entry: CacheEntry; readonly change: Change | undefined }
  /** The initial objects are complete. */
  | { readonly type: "INITIAL_END"; readonly revision: number }
  /** What comes next cannot be judged yet: to be asked again once `ready` resolves. */
  | { readonly type: "WAIT"; readonly ready: Promise<unknown> }
  /** The reader was too slow: what it has not read is gone. */
  | { readonly type: "LOST" };

/** Changes kept for a watcher that is told only of what concerns it. */
const noticedMax = 1_000;

/**
 * One watcher's position among the changes of a resource. Holds no queue of its own: the ring is the queue, and a
 * reader that falls off its end is told so.
 */
export class WatchCursor {
  readonly #cache: ResourceCache;
  readonly #prefix: string;
  readonly #filter: EntryFilter | undefined;
  #initial: Iterator<CacheEntry> | undefined;
  /** Of the initial objects, the one that could not be judged yet. */
  #waiting: CacheEntry | undefined;
  #sequence: number;
  #initialEnd: number | undefined;
  readonly #only: { readonly field: string; readonly value: string } | undefined;
  /** From here on changes come by `trigger`, not from the ring. */
  #ringEnd = Number.POSITIVE_INFINITY;
  #noticed: Change[] = [];
  #lost = false;

  constructor(cache: ResourceCache, start: WatchStart, prefix: string, filter: EntryFilter | undefined) {
    this.#cache = cache;
    this.#prefix = prefix;
    this.#filter = filter;
    this.#sequence = start.sequence;
    this.#only = start.only;
    this.#initial = start.initial?.[Symbol.iterator]();
    this.#initialEnd = start.initial === undefined ? undefined : start.revision;
  }

  /** The keys watched, where nothing else is selected: all such watchers get the same bytes. */
  get sharedPrefix(): string | undefined {
    return this.#filter === undefined ? this.#prefix : undefined;
  }

  get inInitial(): boolean {
    return this.#initialEnd !== undefined;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** For the subscription; taken exactly when that begins. Undefined: the watcher reads the ring. */
  trigger(): Trigger | undefined {
    if (this.#only === undefined) return undefined;
    this.#ringEnd = this.#cache.ring.next;
    return {
      ...this.#only,
      notice: (change) => {
        if (this.#noticed.length < noticedMax) this.#noticed.push(change);
        else this.#lost = true;
      },
    };
  }

  /** Whether everything that has happened was looked at. */
  get caughtUp(): boolean {
    if (this.inInitial) return false;
    return this.#sequence >= Math.min(this.#ringEnd, this.#cache.ring.next) && this.#noticed.length === 0;
  }

  /** Takes note that all changes before `sequence` were delivered together with others'. */
  skipTo(sequence: number): void {
    this.#sequence = sequence;
  }

  next(): Delivery | undefined {
    return this.#nextInitial() ?? this.#nextChange();
  }

  #nextInitial(): Delivery | undefined {
    if (this.#initialEnd === undefined) return undefined;
    for (let entry = this.#oneInitial(); entry !== undefined; entry = this.#oneInitial()) {
      if (!entry.key.startsWith(this.#prefix)) continue;
      const ready = this.#filter?.prepare?.(entry);
      if (ready !== undefined) {
        this.#waiting = entry;
        return { type: "WAIT", ready };
      }
      if (this.#filter === undefined || this.#filter.matches(entry)) return { type: "ADDED", entry, change: undefined };
    }
    const revision = this.#initialEnd;
    this.#initial = undefined;
    this.#initialEnd = undefined;
    return { type: "INITIAL_END", revision };
  }

  #oneInitial(): CacheEntry | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) return waiting;
    const step = this.#initial?.next();
    return step === undefined || step.done === true ? undefined : step.value;
  }

  #nextChange(): Delivery | undefined {
    const { ring } = this.#cache;
    const end = Math.min(this.#ringEnd, ring.next);
    if (this.#sequence < end && this.#sequence < ring.first) return { type: "LOST" };
    if (this.#lost) return { type: "LOST" };
    while (this.#sequence < end) {
      const change = ring.at(this.#sequence);
      const ready = change === undefined ? undefined : this.#unprepared(change);
      if (ready !== undefined) return { type: "WAIT", ready };
      this.#sequence += 1;
      const delivery = change === undefined ? undefined : this.#judge(change);
      if (delivery !== undefined) return delivery;
    }
    for (let change = this.#noticed.shift(); change !== undefined; change = this.#noticed.shift()) {
      const delivery = this.#judge(change);
      if (delivery !== undefined) return delivery;
    }
    return undefined;
  }

  /** An object that starts to match is ADDED, one that ceases to match is DELETED. */
  #judge(change: Change): Delivery | undefined {
    if (!change.entry.key.startsWith(this.#prefix)) return undefined;
    const filter = this.#filter;
    if (filter === undefined) return { type: change.type, entry: change.entry, change };
    const before = change.previous !== undefined && filter.matches(change.previous);
    const now = change.type !== "DELETED" && filter.matches(change.entry);
    if (now) return { type: before ? "MODIFIED" : "ADDED", entry: change.entry, change };
    return before ? { type: "DELETED", entry: change.gone, change } : undefined;
  }

  #unprepared({ entry, previous }: Change): Promise<unknown> | undefined {
    const filter = this.#filter;
    if (filter?.prepare === undefined || !entry.key.startsWith(this.#prefix)) return undefined;
    return filter.prepare(entry) ?? (previous === undefined ? undefined : filter.prepare(previous));
  }
}
