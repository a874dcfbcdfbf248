import type { KubeObject } from "../../apimachinery/index.ts";
import { entriesOf } from "../cacher/range.ts";
import type { ResourceCache } from "../cacher/resource-cache.ts";
import type { ServedResource } from "../handlers/served.ts";

export interface FeedSink {
  upsert(object: KubeObject): void;
  remove(object: KubeObject): void;
}

/**
 * Keeps something in the server (authorizer, token lookup) in step with one resource's cache, synchronously: when a
 * write is visible to readers, the sink knows of it.
 */
export async function feed(served: ServedResource, sink: FeedSink): Promise<() => void> {
  const { cache } = served.registry;
  let next = 0;
  let stop = (): void => {};
  const load = async (): Promise<void> => {
    await cache.start();
    for (const entry of entriesOf(cache.snapshot(), { prefix: cache.prefix })) sink.upsert(entry.object);
    next = cache.ring.next;
    stop = cache.subscribe({ wake: () => (next = drain(cache, next, sink)), broken: () => void load() });
  };
  await load();
  return () => stop();
}

function drain(cache: ResourceCache, from: number, sink: FeedSink): number {
  const { ring } = cache;
  for (let sequence = from; sequence < ring.next; sequence += 1) {
    const change = ring.at(sequence);
    if (change === undefined) continue;
    if (change.type === "DELETED") sink.remove(change.entry.object);
    else sink.upsert(change.entry.object);
  }
  return ring.next;
}
