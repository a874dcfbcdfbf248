import type { Watch, WatchBatch } from "../contract.ts";
import { InvalidRequestError } from "../errors.ts";
import type { LocalWatch } from "../mvcc/local-watch.ts";

/** What a watch reads: first what the feed did not have any more, then the feed. */
export interface Attached {
  readonly past: WatchBatch[];
  readonly live: LocalWatch;
}

const DONE: IteratorResult<WatchBatch> = { done: true, value: undefined };

/** A watch that is being attached to the feed while it may be read already. */
export class EtcdWatch implements Watch, AsyncIterator<WatchBatch> {
  readonly #abort = new AbortController();
  readonly #attached: Promise<Attached | undefined>;
  readonly #reachNow: () => Promise<void>;
  #reading = false;
  #failed = false;

  /** `reachNow` resolves when the feed has everything that is stored at the moment of the call. */
  constructor(attach: (signal: AbortSignal) => Promise<Attached>, reachNow: () => Promise<void>) {
    this.#reachNow = reachNow;
    const { signal } = this.#abort;
    this.#attached = attach(signal).then(
      (attached) => {
        if (signal.aborted) attached.live.close();
        return attached;
      },
      (error) => {
        if (signal.aborted) return undefined;
        throw error;
      },
    );
    // Reported to whoever reads, and to nobody if nobody does.
    this.#attached.catch(() => undefined);
  }

  requestProgress(): void {
    Promise.all([this.#attached, this.#reachNow()]).then(
      ([attached]) => attached?.live.requestProgress(),
      () => undefined,
    );
  }

  close(): void {
    this.#abort.abort();
    this.#attached.then(
      (attached) => attached?.live.close(),
      () => undefined,
    );
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    return this;
  }

  async next(): Promise<IteratorResult<WatchBatch>> {
    if (this.#reading) throw new InvalidRequestError("watch is being read already");
    if (this.#failed) return DONE;
    this.#reading = true;
    try {
      const attached = await this.#whenAttached();
      if (attached === undefined || this.#abort.signal.aborted) return DONE;
      const batch = attached.past.shift();
      return batch === undefined ? await attached.live.next() : { done: false, value: batch };
    } catch (error) {
      this.#failed = true;
      throw error;
    } finally {
      this.#reading = false;
    }
  }

  return(): Promise<IteratorResult<WatchBatch>> {
    this.close();
    return Promise.resolve(DONE);
  }

  /** `undefined` as soon as the watch is closed. */
  #whenAttached(): Promise<Attached | undefined> {
    const { signal } = this.#abort;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => resolve(undefined);
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#attached.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    });
  }
}
