import { CompactedError, type Revision, type WatchBatch, WatchOverflowError } from "../contract.ts";
import type { Clock } from "../../base/index.ts";
import { WatchHub } from "../mvcc/watch-hub.ts";
import { toBatches } from "./batches.ts";
import type { Connection, WatchStream } from "./connection.ts";
import type { WatchResponse } from "./messages.ts";
import { EVERYTHING } from "./ranges.ts";
import { RecentHistory } from "./recent-history.ts";

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
}

const RECONNECT_DELAY_MS = 200;

/**
 * One watch of all keys feeds every watch of the store. It sees every revision, so it knows exactly how far it is; the
 * progress that etcd itself reports cannot be relied on before 3.4.25 and 3.5.8, where it may overtake events.
 */
export class Feed {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly hub = new WatchHub();
  readonly history: RecentHistory;
  #waiters: Waiter[] = [];
  #stream: WatchStream | undefined;
  #broken = false;

  /** Starts after a revision that is known to exist. */
  constructor(connection: Connection, clock: Clock, revision: Revision, historyBytesMax: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.history = new RecentHistory(revision, historyBytesMax);
    this.#connect();
  }

  /** The past it was to resume from is gone; a new feed is needed. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Resolves when everything up to the revision has come, or the feed ends. */
  reach(revision: Revision): Promise<void> {
    if (this.history.revision >= revision || this.#broken || this.#abort.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ revision, resolve });
    });
  }

  close(): void {
    this.#abort.abort();
    this.#stream?.cancel();
    this.hub.closeAll();
    this.#wake(Infinity);
  }

  #connect(): void {
    const createRequest = { ...EVERYTHING, startRevision: this.history.revision + 1, prevKv: true };
    this.#stream = this.#connection.watch(
      { createRequest },
      {
        onResponse: (response) => this.#receive(response),
        onEnd: () => this.#reconnect(),
      },
    );
  }

  #reconnect(): void {
    this.#clock.sleep(RECONNECT_DELAY_MS, this.#abort.signal).then(
      () => this.#connect(),
      () => undefined,
    );
  }

  #receive(response: WatchResponse): void {
    if (response.canceled) {
      this.#stream?.cancel();
      if (response.compactRevision > 0) this.#break(new CompactedError(response.compactRevision));
      else this.#reconnect();
      return;
    }
    try {
      for (const batch of toBatches(response)) this.#publish(batch);
    } catch (error) {
      this.#stream?.cancel();
      this.#break(error instanceof Error ? error : new WatchOverflowError());
    }
  }

  #publish(batch: WatchBatch): void {
    if (batch.revision <= this.history.revision) return;
    this.history.push(batch);
    this.hub.publish(batch);
    this.#wake(batch.revision);
  }

  #break(error: Error): void {
    this.#broken = true;
    this.hub.failAll(error);
    this.#wake(Infinity);
  }

  #wake(revision: Revision): void {
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const waiter of due) waiter.resolve();
  }
}
