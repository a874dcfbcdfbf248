import type { CacheEntry } from "./entry.ts";

const chunkEntriesMax = 64;
const chunkEntriesMin = 16;

/** Consecutive entries in key order. Never changed once another generation can see it. */
export class Chunk {
  readonly entries: CacheEntry[];
  readonly generation: number;
  #bytes: number | undefined;

  constructor(entries: CacheEntry[], generation: number) {
    this.entries = entries;
    this.generation = generation;
  }

  bytesOf(from: number, to: number): number {
    if (from > 0 || to < this.entries.length) return bytesOf(this.entries, from, to);
    this.#bytes ??= bytesOf(this.entries, from, to);
    return this.#bytes;
  }

  changed(): void {
    this.#bytes = undefined;
  }
}

/** How many bytes items are, each with a comma before it. */
export function bytesOf(entries: readonly CacheEntry[], from: number, to: number): number {
  let bytes = 0;
  for (let index = from; index < to; index += 1) bytes += (entries[index] as CacheEntry).item.length + 1;
  return bytes;
}

/** What a collection held at one revision. */
export interface Snapshot {
  readonly revision: number;
  readonly size: number;
  readonly chunks: readonly Chunk[];
}

/**
 * Entries ordered by key, with snapshots that cost nothing to take: chunks are shared between generations and copied
 * on the first write after a snapshot.
 */
export class SortedEntries {
  readonly #byKey = new Map<string, CacheEntry>();
  #chunks: Chunk[] = [];
  #generation = 0;
  #shared = false;

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): CacheEntry | undefined {
    return this.#byKey.get(key);
  }

  snapshot(revision: number): Snapshot {
    this.#shared = true;
    return { revision, size: this.#byKey.size, chunks: this.#chunks };
  }

  /** Returns what stood there before. */
  put(entry: CacheEntry): CacheEntry | undefined {
    const previous = this.#byKey.get(entry.key);
    this.#byKey.set(entry.key, entry);
    this.#own();
    const index = Math.max(0, chunkIndex(this.#chunks, entry.key));
    if (this.#chunks.length === 0) {
      this.#chunks.push(new Chunk([entry], this.#generation));
      return previous;
    }
    const chunk = this.#writable(index);
    const at = lowerBound(chunk.entries, entry.key);
    if (previous === undefined) chunk.entries.splice(at, 0, entry);
    else chunk.entries[at] = entry;
    chunk.changed();
    if (chunk.entries.length > chunkEntriesMax) this.#split(index, chunk, at);
    return previous;
  }

  delete(key: string): CacheEntry | undefined {
    const previous = this.#byKey.get(key);
    if (previous === undefined) return undefined;
    this.#byKey.delete(key);
    this.#own();
    const index = chunkIndex(this.#chunks, key);
    const chunk = this.#writable(index);
    chunk.entries.splice(lowerBound(chunk.entries, key), 1);
    chunk.changed();
    if (chunk.entries.length < chunkEntriesMin) this.#merge(index, chunk);
    return previous;
  }

  /** Takes in entries that are already in order; faster than one by one. */
  load(entries: readonly CacheEntry[]): void {
    this.#byKey.clear();
    this.#chunks = [];
    this.#shared = false;
    for (let at = 0; at < entries.length; at += chunkEntriesMax) {
      this.#chunks.push(new Chunk(entries.slice(at, at + chunkEntriesMax), this.#generation));
    }
    for (const entry of entries) this.#byKey.set(entry.key, entry);
  }

  #own(): void {
    if (!this.#shared) return;
    this.#chunks = this.#chunks.slice();
    this.#generation += 1;
    this.#shared = false;
  }

  #writable(index: number): Chunk {
    const chunk = this.#chunks[index];
    if (chunk === undefined) throw new RangeError("no such chunk");
    if (chunk.generation === this.#generation) return chunk;
    const copy = new Chunk(chunk.entries.slice(), this.#generation);
    this.#chunks[index] = copy;
    return copy;
  }

  /** Keys that come in order fill chunks to the brim instead of leaving halves behind. */
  #split(index: number, chunk: Chunk, at: number): void {
    const appended = at === chunk.entries.length - 1;
    const tail = chunk.entries.splice(appended ? chunkEntriesMax : chunkEntriesMax / 2);
    this.#chunks.splice(index + 1, 0, new Chunk(tail, this.#generation));
  }

  #merge(index: number, chunk: Chunk): void {
    if (chunk.entries.length === 0) {
      this.#chunks.splice(index, 1);
      return;
    }
    const next = this.#chunks[index + 1];
    if (next === undefined || next.entries.length + chunk.entries.length > chunkEntriesMax / 2) return;
    chunk.entries.push(...next.entries);
    this.#chunks.splice(index + 1, 1);
  }
}

/** The last chunk whose first key is not after `key`; -1 when `key` comes before all. */
export function chunkIndex(chunks: readonly Chunk[], key: string): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const first = chunks[middle]?.entries[0]?.key ?? "";
    if (first <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The position of the first entry whose key is not before `key`. */
export function lowerBound(entries: readonly CacheEntry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.key ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
