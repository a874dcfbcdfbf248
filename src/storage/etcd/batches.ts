import { CompactedError, type Revision, type WatchBatch, type WatchEvent } from "../contract.ts";
import type { WatchResponse } from "./messages.ts";
import { toEntry } from "./ranges.ts";

/**
 * The events of a response by revision; etcd never splits a revision over two responses. Throws `CompactedError` when
 * a previous value is gone already.
 */
export function toBatches(response: WatchResponse): readonly WatchBatch[] {
  const batches: { readonly revision: Revision; readonly events: WatchEvent[] }[] = [];
  for (const { type, kv, prevKv } of response.events) {
    const revision = kv.modRevision;
    const previous = prevKv === null ? undefined : toEntry(prevKv);
    const event = type === 0 ? putEvent(kv, previous) : deleteEvent(kv, previous);
    const last = batches.at(-1);
    if (last?.revision === revision) last.events.push(event);
    else batches.push({ revision, events: [event] });
  }
  return batches;
}

type KeyValue = WatchResponse["events"][number]["kv"];

function putEvent(kv: KeyValue, previous: ReturnType<typeof toEntry> | undefined): WatchEvent {
  if (previous === undefined && kv.version > 1) throw new CompactedError(kv.modRevision);
  return { type: "put", entry: toEntry(kv), previous };
}

function deleteEvent(kv: KeyValue, previous: ReturnType<typeof toEntry> | undefined): WatchEvent {
  if (previous === undefined) throw new CompactedError(kv.modRevision);
  return { type: "delete", key: toEntry(kv).key, revision: kv.modRevision, previous };
}
