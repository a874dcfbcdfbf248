import type { CacheEntry } from "./entry.ts";
import { type Chunk, chunkIndex, lowerBound, type Snapshot } from "./sorted-entries.ts";

/** Which part of a snapshot is asked for. */
export interface Range {
  /** Keys start with this. */
  readonly prefix: string;
  /** Keys come after this one (a page's continuation). */
  readonly startAfter?: string;
}

/** A run of entries. */
export interface Segment {
  readonly chunk: Chunk;
  readonly from: number;
  readonly to: number;
}

/** The entries of a range, in order, chunk by chunk. */
export function* segmentsOf(snapshot: Snapshot, range: Range): Generator<Segment, void, undefined> {
  const first =
    range.startAfter !== undefined && range.startAfter > range.prefix ? `${range.startAfter}\0` : range.prefix;
  const { chunks } = snapshot;
  for (let index = Math.max(0, chunkIndex(chunks, first)); index < chunks.length; index += 1) {
    const chunk = chunks[index];
    if (chunk === undefined) return;
    const { entries } = chunk;
    const from = lowerBound(entries, first);
    if (from === entries.length) continue;
    let to = entries.length;
    while (to > from && !(entries[to - 1]?.key.startsWith(range.prefix) ?? false)) to -= 1;
    if (to > from) yield { chunk, from, to };
    if (to < entries.length) return;
  }
}

/** How many entries a range holds. */
export function countOf(snapshot: Snapshot, range: Range): number {
  let count = 0;
  for (const segment of segmentsOf(snapshot, range)) count += segment.to - segment.from;
  return count;
}

export function* entriesOf(snapshot: Snapshot, range: Range): Generator<CacheEntry, void, undefined> {
  for (const { chunk, from, to } of segmentsOf(snapshot, range)) {
    for (let index = from; index < to; index += 1) yield chunk.entries[index] as CacheEntry;
  }
}
