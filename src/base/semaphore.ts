import { assert } from "./assert.ts";

interface Waiter {
  readonly admit: () => void;
}

/** Admits up to `permits` at a time, the others in the order they came. */
export class Semaphore {
  readonly #waiting: Waiter[] = [];
  #free: number;

  constructor(permits: number) {
    assert(Number.isInteger(permits) && permits > 0, "a semaphore has at least one permit");
    this.#free = permits;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs the work when admitted. Rejects with the signal's reason if it aborts while waiting. */
  async run<T>(work: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    await this.#acquire(signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #acquire(signal: AbortSignal | undefined): Promise<void> | undefined {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        admit: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      this.#waiting.push(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next.admit();
  }
}

/** One at a time. */
export class Mutex extends Semaphore {
  constructor() {
    super(1);
  }
}
