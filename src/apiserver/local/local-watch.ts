import { type KubeObject, newInternalError, newResourceExpired } from "../../apimachinery/index.ts";
import type { Clock, Timer } from "../../base/index.ts";
import type { WatchEvent, WatchStream } from "../../client/index.ts";
import type { ChangeListener } from "../cacher/resource-cache.ts";
import type { Delivery, WatchCursor } from "../cacher/watch-cursor.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";

export interface LocalWatchOptions {
  /** May ask to be told of the end. */
  readonly open: (onClose: (listener: () => void) => void) => Promise<WatchCursor>;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly makeBookmark: (revision: number, initialEnd: boolean) => KubeObject;
  readonly bookmarks: boolean;
  readonly initialEnd: boolean;
  readonly bookmarkIntervalMs: number;
  /** 0: until closed. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** A watch in the server's own process: the cursor itself, as an async iterable of frozen objects. */
export class LocalWatch<T extends KubeObject> implements WatchStream<T>, ChangeListener {
  readonly readsObjects = true;
  readonly #options: LocalWatchOptions;
  readonly #timers = new Set<Timer>();
  #cursor: WatchCursor | undefined;
  #unsubscribe: (() => void) | undefined;
  #closed = false;
  #bookmarkDue = false;
  #wakeUp: (() => void) | undefined;
  #onClose: (() => void) | undefined;

  constructor(options: LocalWatchOptions) {
    this.#options = options;
    options.signal?.addEventListener("abort", () => this.close(), { once: true });
    if (options.timeoutMs > 0) this.#timers.add(options.clock.after(options.timeoutMs, () => this.close()));
  }

  wake(): void {
    this.#wakeUp?.();
  }

  broken(): void {
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#onClose?.();
    this.#onClose = undefined;
    this.#unsubscribe?.();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#wakeUp?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>, void, undefined> {
    if (this.#options.signal?.aborted === true) return;
    const cursor = await this.#options.open((listener) => {
      if (this.#closed) listener();
      else this.#onClose = listener;
    });
    this.#cursor = cursor;
    if (this.#closed) return;
    this.#unsubscribe = this.#options.registry.cache.subscribe(this, cursor.trigger());
    if (this.#options.bookmarks) this.#armBookmark();
    try {
      while (!this.#closed) {
        const delivery = cursor.next();
        if (delivery === undefined) {
          if (this.#bookmarkDue) yield this.#bookmark(this.#options.registry.cache.revision, false);
          else await this.#news();
          continue;
        }
        const event = await this.#eventOf(delivery);
        if (event !== undefined) yield event;
      }
    } finally {
      this.close();
    }
  }

  async #eventOf(delivery: Delivery): Promise<WatchEvent<T> | undefined> {
    if (delivery.type === "LOST") {
      this.close();
      return { type: "ERROR", status: newResourceExpired("the watch fell too far behind").status };
    }
    if (delivery.type === "WAIT") {
      await delivery.ready;
      return undefined;
    }
    if (delivery.type === "INITIAL_END") {
      return this.#options.bookmarks && this.#options.initialEnd ? this.#bookmark(delivery.revision, true) : undefined;
    }
    const view = await this.#options.registry.representation.of(delivery.entry);
    return { type: delivery.type, object: view.object as T };
  }

  #bookmark(revision: number, initialEnd: boolean): WatchEvent<T> {
    this.#bookmarkDue = false;
    return { type: "BOOKMARK", object: this.#options.makeBookmark(revision, initialEnd) as T };
  }

  /** Resolves at the next change, bookmark or close. */
  #news(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#cursor === undefined) throw newInternalError("watch is not open");
    return new Promise((resolve) => {
      this.#wakeUp = () => {
        this.#wakeUp = undefined;
        resolve();
      };
    });
  }

  #armBookmark(): void {
    const { clock, bookmarkIntervalMs } = this.#options;
    const timer = clock.after(bookmarkIntervalMs, () => {
      this.#timers.delete(timer);
      if (this.#closed) return;
      this.#bookmarkDue = true;
      this.#wakeUp?.();
      this.#armBookmark();
    });
    this.#timers.add(timer);
  }
}
