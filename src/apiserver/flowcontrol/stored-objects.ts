import type { Clock } from "../../base/index.ts";
import type { ResourceCache } from "../cacher/resource-cache.ts";
import type { StoredObjects } from "./width.ts";

/** Sizes change slowly. Upstream asks the store as often. */
const sampleMs = 60_000;
const samplesMax = 32;

interface Sample {
  readonly takenMs: number;
  readonly averageBytes: number;
}

/** How many objects caches hold, and how large some of them are. */
export class ObjectSizes {
  readonly #clock: Clock;
  readonly #samples = new WeakMap<ResourceCache, Sample>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(cache: ResourceCache): StoredObjects {
    const count = cache.size;
    if (count === 0) return { count, averageBytes: 0 };
    const nowMs = this.#clock.monotonic();
    let sample = this.#samples.get(cache);
    if (sample === undefined || nowMs - sample.takenMs >= sampleMs) {
      sample = { takenMs: nowMs, averageBytes: averageBytes(cache) };
      this.#samples.set(cache, sample);
    }
    return { count, averageBytes: sample.averageBytes };
  }
}

/** By one object of each of some chunks. */
function averageBytes(cache: ResourceCache): number {
  const { chunks } = cache.snapshot();
  const step = Math.max(1, Math.ceil(chunks.length / samplesMax));
  let [bytes, count] = [0, 0];
  for (let index = 0; index < chunks.length; index += step) {
    const { entries = [] } = chunks[index] ?? {};
    const entry = entries[Math.floor(entries.length / 2)];
    if (entry === undefined) continue;
    bytes += entry.item.length;
    count += 1;
  }
  return count === 0 ? 0 : Math.ceil(bytes / count);
}
