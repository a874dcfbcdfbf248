import type { CacheEntry } from "./entry.ts";
import type { ResourceCache } from "./resource-cache.ts";

export interface Follower {
  /** The newest state of one object; may repeat what is known. */
  upsert(entry: CacheEntry): void;
  remove(entry: CacheEntry): void;
}

/**
 * Keeps something derived from a cache up to date, synchronously with it. Fills the cache first. When continuity was
 * lost, everything is told again and what has gone meanwhile is removed. Ends with the signal.
 */
export async function followCache(cache: ResourceCache, follower: Follower, signal: AbortSignal): Promise<void> {
  let known = new Map<string, CacheEntry>();
  let sequence = 0;
  const load = async (): Promise<void> => {
    await cache.start();
    sequence = cache.ring.next;
    const current = new Map<string, CacheEntry>();
    for (const { entries } of cache.snapshot().chunks) {
      for (const entry of entries) {
        current.set(entry.key, entry);
        follower.upsert(entry);
      }
    }
    for (const [key, entry] of known) if (!current.has(key)) follower.remove(entry);
    known = current;
    if (!signal.aborted) subscribe();
  };
  const subscribe = (): void => {
    const unsubscribe = cache.subscribe({ wake, broken: () => void load() });
    signal.addEventListener("abort", unsubscribe, { once: true });
    wake();
  };
  const wake = (): void => {
    for (; sequence < cache.ring.next; sequence++) {
      const change = cache.ring.at(sequence);
      if (change === undefined) continue;
      if (change.type === "DELETED") {
        known.delete(change.entry.key);
        follower.remove(change.entry);
      } else {
        known.set(change.entry.key, change.entry);
        follower.upsert(change.entry);
      }
    }
  };
  await load();
}
