import type { Clock, Timer } from "../../base/index.ts";
import { noWorkQueueMetrics, type UnfinishedWork, type WorkQueueMetrics } from "./metrics.ts";
import { defaultControllerRateLimiter, type RateLimiter } from "./rate-limiter.ts";

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Default: `defaultControllerRateLimiter`. */
  readonly rateLimiter?: RateLimiter;
  readonly metrics?: WorkQueueMetrics;
  /** Keys waiting, at work or delayed. Beyond it a key is dropped and counted. Default 2 000 000. */
  readonly capacity?: number;
}

interface Delayed {
  readonly at: number;
  readonly timer: Timer;
}

type Waiter = (key: string | undefined) => void;

/**
 * Keys to work on, each at most once in the queue. A key that is being worked on is never handed out a second time;
 * added meanwhile, it is kept and comes back when its work is done. Order is first in, first out.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #limiter: RateLimiter;
  readonly #metrics: WorkQueueMetrics;
  readonly #capacity: number;
  /** Waiting or to be queued again when done, with the time of the addition. */
  readonly #dirty = new Map<string, number>();
  readonly #queue = new Fifo();
  readonly #processing = new Map<string, number>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #waiters: Waiter[] = [];
  #shutDown = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#limiter = options.rateLimiter ?? defaultControllerRateLimiter(options.clock);
    this.#metrics = options.metrics ?? noWorkQueueMetrics;
    this.#capacity = options.capacity ?? 2_000_000;
    this.#metrics.watch(() => this.#unfinished());
  }

  /** Keys that could be handed out now. */
  get length(): number {
    return this.#queue.length;
  }

  /** Keys that wait for their time. */
  get delayedLength(): number {
    return this.#delayed.size;
  }

  get processing(): number {
    return this.#processing.size;
  }

  add(key: string): void {
    if (this.#shutDown || this.#dirty.has(key)) return;
    if (this.#dirty.size + this.#delayed.size >= this.#capacity) return this.#metrics.dropped();
    this.#metrics.added();
    this.#dirty.set(key, this.#clock.monotonic());
    if (!this.#processing.has(key)) this.#enqueue(key);
  }

  /** Adds the key after so long; of two delays for one key the earlier counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#shutDown) return;
    if (delayMs <= 0) return this.add(key);
    const at = this.#clock.monotonic() + delayMs;
    const previous = this.#delayed.get(key);
    if (previous !== undefined) {
      if (previous.at <= at) return;
      previous.timer.cancel();
    } else if (this.#dirty.size + this.#delayed.size >= this.#capacity) {
      return this.#metrics.dropped();
    }
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** Adds the key when its rate limiter allows, and counts a failure. */
  addRateLimited(key: string): void {
    this.#metrics.retried();
    this.addAfter(key, this.#limiter.when(key));
  }

  /** Ends the counting of failures. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  retries(key: string): number {
    return this.#limiter.retries(key);
  }

  /** The next key; the caller must call `done` with it. `undefined` once the queue is shut down and empty. */
  get(): Promise<string | undefined> {
    const key = this.#take();
    if (key !== undefined || this.#shutDown) return Promise.resolve(key);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  done(key: string): void {
    const since = this.#processing.get(key);
    if (since === undefined) return;
    this.#processing.delete(key);
    this.#metrics.worked((this.#clock.monotonic() - since) / 1000);
    if (this.#dirty.has(key)) this.#enqueue(key);
  }

  /** Refuses further keys, forgets delayed ones, and lets `get` drain what waits. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #unfinished(): UnfinishedWork {
    const nowMs = this.#clock.monotonic();
    let [total, longest] = [0, 0];
    for (const since of this.#processing.values()) {
      const seconds = (nowMs - since) / 1000;
      total += seconds;
      longest = Math.max(longest, seconds);
    }
    return { totalSeconds: total, longestSeconds: longest };
  }

  #enqueue(key: string): void {
    this.#queue.push(key);
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return this.#metrics.depth(this.#queue.length);
    waiter(this.#take());
  }

  #take(): string | undefined {
    const key = this.#queue.shift();
    if (key === undefined) return undefined;
    const now = this.#clock.monotonic();
    this.#metrics.waited((now - (this.#dirty.get(key) ?? now)) / 1000);
    this.#dirty.delete(key);
    this.#processing.set(key, now);
    this.#metrics.depth(this.#queue.length);
    return key;
  }
}

/** An array whose head moves: taking from it does not shift the rest. */
class Fifo {
  #items: string[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: string): void {
    this.#items.push(item);
  }

  shift(): string | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
