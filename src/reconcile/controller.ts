import type { KubeObject } from "../apimachinery/index.ts";
import { type Clock, isAbort, type Log, messageOf, type Runnable } from "../base/index.ts";
import {
  type Informer,
  isConflict,
  type RateLimiter,
  WorkQueue,
  type WorkQueueMetricsProvider,
} from "../client/index.ts";
import type { Key, Reconciler } from "./contract.ts";
import type { Predicate } from "./predicate.ts";

export interface ControllerOptions {
  readonly name: string;
  readonly reconciler: Reconciler;
  /** Keys worked on at once. Default 5. */
  readonly workers?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly rateLimiter?: RateLimiter;
  readonly metrics?: WorkQueueMetricsProvider | undefined;
  /** Give a key up after so many failures in a row, as upstream's controllers do (usually 15). Default: never. */
  readonly retriesMax?: number;
}

/** From an object to the keys that have to be looked at because of it. */
export type KeyMapper<T> = (object: T) => Iterable<Key>;

export interface WatchOptions<T> {
  readonly predicate?: Predicate<T>;
}

/** Source → predicate → keys → queue → reconciler → result. */
export class Controller implements Runnable {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #informers = new Set<Pick<Informer<KubeObject>, "waitForSync">>();
  #startedAt: number | undefined;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    const { clock, rateLimiter, metrics } = options;
    this.#queue = new WorkQueue({
      clock,
      ...(rateLimiter === undefined ? {} : { rateLimiter }),
      ...(metrics === undefined ? {} : { metrics: metrics(options.name) }),
    });
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  /** Whether its workers have begun. */
  get started(): boolean {
    return this.#startedAt !== undefined;
  }

  enqueue(key: Key): void {
    this.#queue.add(key);
  }

  enqueueAfter(key: Key, delayMs: number): void {
    this.#queue.addAfter(key, delayMs);
  }

  /** Workers begin only when this informer is in sync. */
  waitFor(...informers: readonly Pick<Informer<never>, "waitForSync">[]): this {
    for (const informer of informers) this.#informers.add(informer);
    return this;
  }

  /** Enqueues keys for every change of an object: for its state before and after. */
  watch<T extends KubeObject>(informer: Informer<T>, keysOf: KeyMapper<T>, options: WatchOptions<T> = {}): this {
    const { predicate = {} } = options;
    const enqueue = (object: T): void => {
      for (const key of keysOf(object)) this.#queue.add(key);
    };
    informer.addHandler({
      onAdd: (object) => {
        if (predicate.added?.(object) !== false) enqueue(object);
      },
      onUpdate: (previous, object) => {
        if (predicate.updated?.(previous, object) === false) return;
        enqueue(previous);
        enqueue(object);
      },
      onDelete: (object) => {
        if (predicate.deleted?.(object) !== false) enqueue(object);
      },
    });
    return this.waitFor(informer);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { workers = 5, clock } = this.#options;
    try {
      await Promise.all([...this.#informers].map((informer) => informer.waitForSync(signal)));
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.#startedAt = clock.monotonic();
    const onAbort = (): void => this.#queue.shutDown();
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    await Promise.all(Array.from({ length: workers }, () => this.#work(signal)));
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.get();
      if (key === undefined || signal.aborted) return;
      await this.#reconcile(key, signal);
    }
  }

  async #reconcile(key: Key, signal: AbortSignal): Promise<void> {
    try {
      const result = await this.#options.reconciler.reconcile(key, signal);
      this.#queue.forget(key);
      if (result?.requeueAfterMs !== undefined) this.#queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      if (!isAbort(error, signal)) this.#retry(key, error);
    } finally {
      this.#queue.done(key);
    }
  }

  #retry(key: Key, error: unknown): void {
    const { log, name, retriesMax = Number.POSITIVE_INFINITY } = this.#options;
    const fields = { controller: name, key, error: messageOf(error) };
    if (this.#queue.retries(key) >= retriesMax) {
      log.warn("Dropping key out of the queue", fields);
      return this.#queue.forget(key);
    }
    // A conflict is the ordinary course: someone else was faster.
    if (isConflict(error)) log.debug("Reconciling met a newer version, will retry", fields);
    else log.info("Reconciling failed, will retry", fields);
    this.#queue.addRateLimited(key);
  }
}
