import { CompactedError, type Revision, type WatchBatch } from "../contract.ts";
import { toBatches } from "./batches.ts";
import type { Connection, WatchStream } from "./connection.ts";
import { EVERYTHING } from "./ranges.ts";

/**
 * Reads all changes after a revision from etcd until one at or after `until` has come, for a watch that begins before
 * what the feed still has. Rejects with `CompactedError`.
 */
export function readPast(
  connection: Connection,
  afterRevision: Revision,
  until: () => Revision,
  signal: AbortSignal,
  visit: (batch: WatchBatch) => void,
): Promise<Revision> {
  return new Promise((resolve, reject) => {
    let position = afterRevision;
    const finish = (settle: () => void): void => {
      signal.removeEventListener("abort", onAbort);
      stream.cancel();
      settle();
    };
    const onAbort = (): void => finish(() => reject(signal.reason));
    const createRequest = { ...EVERYTHING, startRevision: afterRevision + 1, prevKv: true };
    const stream: WatchStream = connection.watch(
      { createRequest },
      {
        onResponse: (response) => {
          if (response.canceled) {
            finish(() => reject(new CompactedError(response.compactRevision)));
            return;
          }
          try {
            for (const batch of toBatches(response)) {
              position = batch.revision;
              visit(batch);
            }
          } catch (error) {
            finish(() => reject(error));
            return;
          }
          if (position >= until()) finish(() => resolve(position));
        },
        onEnd: (error) => finish(() => reject(error)),
      },
    );
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** etcd tells the revision only to a watch that begins below it. */
export function readCompactedRevision(connection: Connection): Promise<Revision> {
  return new Promise((resolve, reject) => {
    const createRequest = { ...EVERYTHING, startRevision: 1, prevKv: false };
    const stream: WatchStream = connection.watch(
      { createRequest },
      {
        onResponse: ({ canceled, compactRevision, events }) => {
          if (!canceled && events.length === 0) return;
          stream.cancel();
          resolve(compactRevision);
        },
        onEnd: reject,
      },
    );
  });
}
