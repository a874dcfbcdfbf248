import type { KubeObject } from "../../apimachinery/index.ts";
import { BoundedQueue } from "../../base/index.ts";
import type { WatchEvent, WatchOptions, WatchStream } from "../contract.ts";
import { fakeFailure } from "./fake-client.ts";
import type { FakeStore, FakeTable, StoredEvent } from "./fake-store.ts";
import type { Match } from "./selectors.ts";

export class FakeWatchStream<T extends KubeObject> implements WatchStream<T> {
  readonly #store: FakeStore;
  readonly #table: FakeTable;
  readonly #matches: Match;
  readonly #options: WatchOptions;
  readonly #queue = new BoundedQueue<WatchEvent<T>>(1_000_000);

  constructor(store: FakeStore, table: FakeTable, matches: Match, options: WatchOptions) {
    this.#store = store;
    this.#table = table;
    this.#matches = matches;
    this.#options = options;
  }

  close(): void {
    this.#queue.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>> {
    const { signal, resourceVersion, sendInitialEvents } = this.#options;
    const from =
      resourceVersion === undefined || resourceVersion === "" ? this.#store.revision : Number(resourceVersion);
    if (from < this.#store.compactedBefore) {
      throw fakeFailure(410, "Expired", `too old resource version: ${from} (${this.#store.compactedBefore})`);
    }
    const listener = (event: StoredEvent): void => this.#offer(event);
    if (sendInitialEvents === true) this.#sendInitial();
    else for (const event of this.#table.history) if (event.revision > from) this.#offer(event);
    const end = (): void => this.close();
    this.#table.listeners.add(listener);
    this.#table.enders.add(end);
    try {
      for (;;) {
        const event = await this.#queue.shift(signal);
        if (event === undefined) return;
        yield event;
      }
    } finally {
      this.#table.listeners.delete(listener);
      this.#table.enders.delete(end);
    }
  }

  #sendInitial(): void {
    for (const object of this.#table.objects.values()) {
      if (this.#matches(object)) this.#queue.push({ type: "ADDED", object: object as T });
    }
    const metadata = {
      resourceVersion: String(this.#store.revision),
      annotations: { "k8s.io/initial-events-end": "true" },
    };
    this.#queue.push({ type: "BOOKMARK", object: { metadata } as KubeObject as T });
  }

  /** As seen through the selectors: an object that stops matching is deleted, one that starts to is added. */
  #offer(event: StoredEvent): void {
    const now = event.type !== "DELETED" && this.#matches(event.object);
    const before = event.previous !== undefined && this.#matches(event.previous);
    if (!now && !before) return;
    const type = now ? (before ? "MODIFIED" : "ADDED") : "DELETED";
    this.#queue.push({ type, object: event.object as T });
  }
}
