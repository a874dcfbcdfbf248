import { newInternalError, StatusError } from "../../apimachinery/index.ts";
import { type Clock, messageOf, type Timer } from "../../base/index.ts";
import type { ChangeListener, ResourceCache } from "../cacher/resource-cache.ts";
import type { WatchCursor } from "../cacher/watch-cursor.ts";
import type { StreamSink } from "../http/exchange.ts";
import type { WatchObserver } from "../metrics/request-metrics.ts";
import type { Representation } from "../registry/representation.ts";
import type { FlushScheduler } from "./flush-scheduler.ts";
import type { WatchRegister } from "./open-watches.ts";
import { type FrameEncoder, frameOf } from "./watch-frames.ts";

export interface PumpOptions {
  readonly cache: ResourceCache;
  readonly cursor: WatchCursor;
  readonly encoder: FrameEncoder;
  readonly representation: Representation;
  readonly clock: Clock;
  readonly scheduler: FlushScheduler;
  readonly shared: SharedFrames;
  /** Undefined when the client did not ask for bookmarks. */
  readonly bookmark?: {
    readonly intervalMs: number;
    readonly make: (revision: number, initialEnd: boolean) => unknown;
  };
  readonly initialEnd: boolean;
  readonly timeoutMs: number;
  readonly observer: WatchObserver;
  readonly openWatches: WatchRegister;
}

/** Bytes gathered before they are written. */
const batchBytesMax = 128 * 1024;
const batchChangesMax = 256;

/** Writes one watch response: pulls from its cursor as fast as the peer reads, and keeps nothing back. */
export class WatchPump implements ChangeListener {
  readonly #options: PumpOptions;
  readonly #sink: StreamSink;
  readonly #unsubscribe: () => void;
  readonly #timers: Timer[] = [];
  #blocked = false;
  #ended = false;
  #converting = false;
  readonly #run = (): void => this.#pump();

  constructor(sink: StreamSink, options: PumpOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#unsubscribe = options.cache.subscribe(this, options.cursor.trigger());
    sink.onClose(() => this.#end());
    sink.onDrain(() => {
      this.#blocked = false;
      this.#pump();
    });
    this.#timers.push(options.clock.after(options.timeoutMs, () => this.#finish()));
    options.openWatches.add(this);
    if (options.bookmark !== undefined) this.#armBookmark(options.bookmark.intervalMs);
    this.#pump();
  }

  wake(): void {
    if (!this.#blocked && !this.#ended) this.#options.scheduler.request(this.#run);
  }

  broken(): void {
    this.#finish();
  }

  /** Ends the response as if the watch had reached its timeout. */
  finish(): void {
    this.#finish();
  }

  #pump(): void {
    try {
      while (!this.#blocked && !this.#ended && !this.#converting) {
        if (!(this.#sharedBatch() ?? this.#ownBatch())) return;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What cannot be shown ends the watch; the client is told why. */
  #fail(error: unknown): void {
    if (this.#ended) return;
    const { status } = error instanceof StatusError ? error : newInternalError(messageOf(error));
    this.#write(this.#options.encoder.other("ERROR", status));
    this.#finish();
  }

  /** All watchers without a selector that stand at the same place get the same bytes. Undefined: not such a watcher. */
  #sharedBatch(): boolean | undefined {
    const { cursor, cache, encoder, shared, representation } = this.#options;
    const { ring } = cache;
    const prefix = cursor.sharedPrefix;
    if (prefix === undefined || cursor.inInitial || encoder.name === "" || !representation.direct) return undefined;
    if (cursor.sequence < ring.first) return undefined;
    const to = Math.min(ring.next, cursor.sequence + batchChangesMax);
    if (to === cursor.sequence) return false;
    const { bytes, events } = shared.frames(cache, encoder, prefix, cursor.sequence, to);
    cursor.skipTo(to);
    if (events > 0) this.#writeEvents(bytes, events);
    return true;
  }

  #ownBatch(): boolean {
    const { cursor, encoder, representation } = this.#options;
    const frames: Buffer[] = [];
    let size = 0;
    while (size < batchBytesMax) {
      const delivery = cursor.next();
      if (delivery === undefined) break;
      if (delivery.type === "LOST") {
        this.#sink.destroy();
        this.#end();
        return false;
      }
      if (delivery.type === "WAIT") {
        this.#convertThenGoOn(frames, delivery.ready);
        return false;
      }
      let frame: Buffer | undefined;
      if (delivery.type === "INITIAL_END") {
        frame = this.#initialEndFrame(delivery.revision);
        if (frame !== undefined) this.#options.observer.initialised();
      } else {
        const view = representation.of(delivery.entry);
        if (view instanceof Promise) {
          this.#convertThenGoOn(
            frames,
            view.then((entry) => encoder.entry(delivery.type, entry)),
          );
          return false;
        }
        frame = frameOf(encoder, delivery.type, view, delivery.change);
      }
      if (frame === undefined) continue;
      frames.push(frame);
      size += frame.length;
    }
    if (frames.length === 0) return false;
    this.#writeEvents(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames), frames.length);
    return true;
  }

  /** Conversion by webhook: what was gathered goes out first, order is kept. A frame that comes of it is written. */
  #convertThenGoOn(frames: readonly Buffer[], converted: Promise<unknown>): void {
    if (frames.length > 0) this.#writeEvents(Buffer.concat(frames), frames.length);
    this.#converting = true;
    converted.then(
      (frame) => {
        this.#converting = false;
        if (this.#ended) return;
        if (Buffer.isBuffer(frame)) this.#writeEvents(frame, 1);
        this.#pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #writeEvents(bytes: Buffer, events: number): void {
    this.#options.observer.sent(events, bytes.length);
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    if (!this.#sink.write(bytes)) this.#blocked = true;
  }

  #initialEndFrame(revision: number): Buffer | undefined {
    const { bookmark, initialEnd, encoder } = this.#options;
    return bookmark !== undefined && initialEnd ? encoder.other("BOOKMARK", bookmark.make(revision, true)) : undefined;
  }

  #armBookmark(intervalMs: number): void {
    const timer = this.#options.clock.after(intervalMs, () => {
      const { bookmark, cache, encoder, cursor } = this.#options;
      if (this.#ended || bookmark === undefined) return;
      this.#pump();
      const caughtUp = cursor.caughtUp && !this.#blocked && !this.#converting;
      if (caughtUp) this.#write(encoder.other("BOOKMARK", bookmark.make(cache.revision, false)));
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      this.#armBookmark(intervalMs);
    });
    this.#timers.push(timer);
  }

  #finish(): void {
    if (this.#ended) return;
    this.#end();
    this.#sink.end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    for (const timer of this.#timers) timer.cancel();
    this.#options.openWatches.delete(this);
    this.#options.observer.ended();
  }
}

interface JoinedFrames {
  readonly bytes: Buffer;
  readonly events: number;
}

/** The frames between two positions of a ring, joined once for all watchers that stand there. */
export class SharedFrames {
  readonly #joined = new Map<string, JoinedFrames>();
  #to = -1;
  #cache: ResourceCache | undefined;

  frames(cache: ResourceCache, encoder: FrameEncoder, prefix: string, from: number, to: number): JoinedFrames {
    if (this.#to !== to || this.#cache !== cache) {
      this.#joined.clear();
      this.#to = to;
      this.#cache = cache;
    }
    const key = `${from} ${encoder.name} ${prefix}`;
    let joined = this.#joined.get(key);
    if (joined === undefined) {
      joined = joinFrames(cache, encoder, prefix, from, to);
      this.#joined.set(key, joined);
    }
    return joined;
  }
}

function joinFrames(
  cache: ResourceCache,
  encoder: FrameEncoder,
  prefix: string,
  from: number,
  to: number,
): JoinedFrames {
  const frames: Buffer[] = [];
  for (let sequence = from; sequence < to; sequence += 1) {
    const change = cache.ring.at(sequence);
    if (change?.entry.key.startsWith(prefix)) frames.push(frameOf(encoder, change.type, change.entry, change));
  }
  const bytes = frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
  return { bytes, events: frames.length };
}
