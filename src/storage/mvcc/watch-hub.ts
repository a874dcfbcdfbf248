import type { WatchBatch } from "../contract.ts";
import { below, keyOf, type LocalWatch } from "./local-watch.ts";

/** Hands each new batch to the watches whose prefix it touches. */
export class WatchHub {
  readonly #groups = new Map<string, Set<LocalWatch>>();

  add(watch: LocalWatch): void {
    const group = this.#groups.get(watch.prefix);
    if (group === undefined) this.#groups.set(watch.prefix, new Set([watch]));
    else group.add(watch);
  }

  remove(watch: LocalWatch): void {
    const group = this.#groups.get(watch.prefix);
    if (group?.delete(watch) === true && group.size === 0) this.#groups.delete(watch.prefix);
  }

  publish(batch: WatchBatch): void {
    const [event] = batch.events;
    if (batch.events.length === 1 && event !== undefined) this.#publishOne(batch, keyOf(event));
    else this.#publishParts(batch);
  }

  #publishOne(batch: WatchBatch, key: string): void {
    for (const [prefix, watches] of this.#groups) {
      if (!key.startsWith(prefix)) continue;
      for (const watch of watches) watch.offer(batch);
    }
  }

  #publishParts(batch: WatchBatch): void {
    for (const [prefix, watches] of this.#groups) {
      const part = below(batch, prefix);
      if (part === undefined) continue;
      for (const watch of watches) watch.offer(part);
    }
  }

  closeAll(): void {
    for (const watch of this.#all()) watch.close();
  }

  failAll(error: Error): void {
    for (const watch of this.#all()) watch.fail(error);
  }

  /** A copy: watches that end leave the hub. */
  #all(): readonly LocalWatch[] {
    return [...this.#groups.values()].flatMap((watches) => [...watches]);
  }
}
