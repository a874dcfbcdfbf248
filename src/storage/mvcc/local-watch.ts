import type { Clock, Timer } from "../../base/index.ts";
import {
  CompactedError,
  type Revision,
  type Watch,
  type WatchBatch,
  type WatchEvent,
  WatchOverflowError,
} from "../contract.ts";
import { InvalidRequestError } from "../errors.ts";
import { Deque } from "./deque.ts";

/** How many batches a watch takes over from history at a time. */
const REPLAY_BATCHES = 256;

/** The past as far as it is at hand, in whole revisions. */
export interface History {
  readonly revision: Revision;
  /** Visits what came after a revision until told `false`. Throws `CompactedError` when the first of it is gone. */
  replay(afterRevision: Revision, visit: (batch: WatchBatch) => boolean): void;
}

export interface WatchParameters {
  readonly prefix: string;
  readonly afterRevision: Revision;
  /** 0: progress only when asked for. */
  readonly progressMs: number;
  /** Events that may wait for the reader. */
  readonly backlogMax: number;
  readonly clock: Clock;
  readonly history: History;
  /** Called once, when nothing more will be read. */
  readonly onEnd: (watch: LocalWatch) => void;
}

export function keyOf(event: WatchEvent): string {
  return event.type === "put" ? event.entry.key : event.key;
}

/** The part of a batch below the prefix; the batch itself when that is all of it. */
export function below(batch: WatchBatch, prefix: string): WatchBatch | undefined {
  const events = batch.events.filter((event) => keyOf(event).startsWith(prefix));
  if (events.length === 0) return undefined;
  return events.length === batch.events.length ? batch : { revision: batch.revision, events };
}

interface Reader {
  readonly resolve: (result: IteratorResult<WatchBatch>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A watch first reads history at its own pace, holding nothing but a revision, and then goes live: from there on it
 * is handed every batch, and ends with `WatchOverflowError` when more than `backlogMax` events wait.
 */
export class LocalWatch implements Watch, AsyncIterator<WatchBatch> {
  readonly #parameters: WatchParameters;
  readonly #queue = new Deque<WatchBatch>();
  #queuedEvents = 0;
  /** Everything up to here was queued, as far as it matches. */
  #cursor: Revision;
  #live = false;
  #progressWanted = false;
  #reader: Reader | undefined;
  #ended = false;
  #error: Error | undefined;
  #timer: Timer | undefined;
  #quietSince: number;

  constructor(parameters: WatchParameters) {
    this.#parameters = parameters;
    this.#cursor = parameters.afterRevision;
    this.#quietSince = parameters.clock.monotonic();
    this.#live = parameters.afterRevision >= parameters.history.revision;
    if (parameters.progressMs > 0) this.#armProgress(parameters.progressMs);
  }

  get prefix(): string {
    return this.#parameters.prefix;
  }

  /** Called for each new batch, cut down to what is below the prefix. */
  offer(batch: WatchBatch): void {
    if (!this.#live || this.#ended || batch.revision <= this.#cursor) return;
    this.#cursor = batch.revision;
    if (this.#queuedEvents + batch.events.length > this.#parameters.backlogMax) {
      this.#end(new WatchOverflowError());
      return;
    }
    this.#push(batch);
  }

  requestProgress(): void {
    if (this.#ended) return;
    if (!this.#live) {
      this.#progressWanted = true;
      return;
    }
    const { revision } = this.#parameters.history;
    if (revision < this.#parameters.afterRevision) return;
    const last = this.#queue.last();
    if (last !== undefined && last.events.length === 0) this.#queue.replaceLast({ revision, events: [] });
    else this.#push({ revision, events: [] });
  }

  close(): void {
    this.#end(undefined);
  }

  /** Ends the iteration with an error. */
  fail(error: Error): void {
    this.#end(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    return this;
  }

  next(): Promise<IteratorResult<WatchBatch>> {
    if (this.#reader !== undefined) return Promise.reject(new InvalidRequestError("watch is being read already"));
    if (this.#queue.length === 0 && !this.#live && !this.#ended) this.#readHistory();
    const batch = this.#queue.shift();
    if (batch !== undefined) {
      this.#queuedEvents -= batch.events.length;
      return Promise.resolve({ done: false, value: batch });
    }
    const error = this.#error;
    if (error !== undefined) {
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<WatchBatch>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  #readHistory(): void {
    const { history, prefix } = this.#parameters;
    try {
      history.replay(this.#cursor, (batch) => {
        this.#cursor = batch.revision;
        const part = below(batch, prefix);
        if (part !== undefined) this.#push(part);
        return this.#queue.length < REPLAY_BATCHES;
      });
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      this.#end(error);
      return;
    }
    this.#live = this.#cursor >= history.revision;
    if (this.#live && this.#progressWanted) this.requestProgress();
  }

  #push(batch: WatchBatch): void {
    if (this.#parameters.progressMs > 0) this.#quietSince = this.#parameters.clock.monotonic();
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: batch });
      return;
    }
    this.#queue.push(batch);
    this.#queuedEvents += batch.events.length;
  }

  #armProgress(delayMs: number): void {
    const { clock, progressMs } = this.#parameters;
    this.#timer = clock.after(delayMs, () => {
      const quietMs = clock.monotonic() - this.#quietSince;
      if (quietMs >= progressMs) {
        this.#quietSince = clock.monotonic();
        if (this.#queue.length === 0) this.requestProgress();
        this.#armProgress(progressMs);
      } else {
        this.#armProgress(progressMs - quietMs);
      }
    });
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#queue.clear();
    this.#queuedEvents = 0;
    const reader = this.#reader;
    this.#reader = undefined;
    if (error !== undefined && reader !== undefined) reader.reject(error);
    else if (reader !== undefined) reader.resolve({ done: true, value: undefined });
    else this.#error = error;
    this.#parameters.onEnd(this);
  }
}
