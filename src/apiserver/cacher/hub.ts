import { abortable, type Clock, type Log, type Runnable } from "../../base/index.ts";
import type { Store, Watch, WatchBatch, WatchEvent } from "../../storage/index.ts";

/** What the hub feeds: one resource's cache. Called in order, never twice for one event. */
export interface HubSink {
  readonly prefix: string;
  apply(event: WatchEvent): void;
  /** After the last event of the batch, if the batch held any for this sink. */
  flush(): void;
  /** The watch broke and continuity is lost: start again from a list. */
  reset(): void;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/** One watch over the whole store, fanned out by key prefix. All caches thereby stand at the same revision. */
export class StoreHub implements Runnable {
  readonly name = "store-hub";
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sinks = new Map<string, HubSink>();
  readonly #touched = new Set<HubSink>();
  #waiters: Waiter[] = [];
  #watch: Watch | undefined;
  #asking = false;
  #stopped: AbortSignal | undefined;
  #revision = 0;
  #started: Promise<void> | undefined;

  constructor(options: { readonly store: Store; readonly clock: Clock; readonly log: Log }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Everything up to here has been handed to the sinks. */
  get revision(): number {
    return this.#revision;
  }

  register(sink: HubSink): void {
    this.#sinks.set(sink.prefix, sink);
  }

  unregister(sink: HubSink): void {
    if (this.#sinks.get(sink.prefix) === sink) this.#sinks.delete(sink.prefix);
  }

  /** Resolves once the caches have seen `revision`. */
  async waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    if (revision <= this.#revision) return;
    const reached = new Promise<void>((resolve) => this.#waiters.push({ revision, resolve }));
    if (!this.#asking && this.#watch !== undefined) this.#askForProgress().catch(() => {});
    await (signal === undefined ? reached : abortable(reached, signal));
  }

  /** What raised the store's revision may lie outside of what is watched, where nothing tells of it. */
  async #askForProgress(): Promise<void> {
    this.#asking = true;
    try {
      while (this.#waiters.length > 0) {
        await this.#clock.sleep(progressIntervalMs, this.#stopped);
        if (this.#waiters.length > 0) this.#watch?.requestProgress();
      }
    } finally {
      this.#asking = false;
    }
  }

  /** Finds where the store stands. Must be done before the first cache starts. */
  start(): Promise<void> {
    this.#started ??= this.#store.currentRevision().then((revision) => {
      this.#revision = revision;
    });
    return this.#started;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#stopped = signal;
    await this.start();
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn("store watch ended, starting again", { error: String(error) });
        await this.#restart(signal);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const watch = this.#store.watch("/registry/", this.#revision);
    const close = (): void => watch.close();
    this.#watch = watch;
    signal.addEventListener("abort", close, { once: true });
    try {
      for await (const batch of watch) this.#take(batch);
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  #take(batch: WatchBatch): void {
    for (const event of batch.events) {
      const sink = this.#sinkOf(event.type === "put" ? event.entry.key : event.key);
      if (sink === undefined) continue;
      sink.apply(event);
      this.#touched.add(sink);
    }
    this.#advance(batch.revision);
    for (const sink of this.#touched) sink.flush();
    this.#touched.clear();
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    if (this.#waiters.length === 0) return;
    const due = this.#waiters;
    this.#waiters = [];
    for (const waiter of due) {
      if (waiter.revision <= revision) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }

  /** Prefixes end after the second or the third segment: `/registry/pods/`, `/registry/services/specs/`. */
  #sinkOf(key: string): HubSink | undefined {
    const second = key.indexOf("/", 10) + 1;
    const found = this.#sinks.get(key.slice(0, second));
    if (found !== undefined) return found;
    const third = key.indexOf("/", second) + 1;
    return third === 0 ? undefined : this.#sinks.get(key.slice(0, third));
  }

  async #restart(signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(restartDelayMs, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      this.#advance(await this.#store.currentRevision());
      for (const sink of [...this.#sinks.values()]) sink.reset();
    } catch (error) {
      this.#log.warn("store is not reachable", { error: String(error) });
    }
  }
}

const restartDelayMs = 200;
/** Upstream asks as often while consistent reads wait. */
const progressIntervalMs = 100;
