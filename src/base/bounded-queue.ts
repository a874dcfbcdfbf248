/** A first-in, first-out queue with a limit, read by waiting. */
export class BoundedQueue<T> {
  readonly #items: T[] = [];
  readonly #limit: number;
  #readers: ((item: T | undefined) => void)[] = [];
  #closed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.length;
  }

  /** False when the queue is full or closed: the item was not taken, and the caller decides what that means. */
  push(item: T): boolean {
    if (this.#closed) return false;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader(item);
      return true;
    }
    if (this.#items.length >= this.#limit) return false;
    this.#items.push(item);
    return true;
  }

  /** The next item; `undefined` once the queue is closed and empty. Rejects with the signal's reason if it aborts. */
  shift(signal?: AbortSignal): Promise<T | undefined> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#items.length > 0 || this.#closed) return Promise.resolve(this.#items.shift());
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#readers = this.#readers.filter((other) => other !== reader);
        reject(signal?.reason);
      };
      const reader = (item: T | undefined): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve(item);
      };
      this.#readers.push(reader);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Takes nothing more. What is queued can still be read. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers.splice(0)) reader(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (let item = await this.shift(); item !== undefined; item = await this.shift()) yield item;
  }
}
