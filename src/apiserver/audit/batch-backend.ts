import { type Clock, type Log, messageOf, type Timer } from "../../base/index.ts";
import { TokenBucket } from "../../client/index.ts";
import type { AuditBackend, AuditEvent, AuditSink } from "./contract.ts";

export interface BatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly sink: AuditSink;
  /** `--audit-*-batch-buffer-size`: events that may wait. */
  readonly bufferMax: number;
  /** `--audit-*-batch-max-size`. */
  readonly batchMax: number;
  /** `--audit-*-batch-max-wait`: after this even a batch that is not full goes. */
  readonly waitMs: number;
  /** `--audit-*-batch-throttle-*`: batches per second. Absent: as many as come. */
  readonly throttle?: { readonly qps: number; readonly burst: number };
  /** Batches under way at the same time; a file takes one. */
  readonly parallel: number;
  readonly onLost?: (count: number) => void;
}

/** How long the last events have at the end. */
const farewellMs = 5_000;

/** Mode `batch`: no request waits. What the buffer has no room for is dropped and counted. */
export class BatchBackend implements AuditBackend {
  readonly name: string;
  readonly #options: BatchOptions;
  readonly #bucket: TokenBucket | undefined;
  readonly #sending = new Set<Promise<void>>();
  #buffer: AuditEvent[] = [];
  #wake: (() => void) | undefined;

  constructor(options: BatchOptions) {
    this.name = options.sink.name;
    this.#options = options;
    if (options.throttle !== undefined) this.#bucket = new TokenBucket({ ...options.throttle, clock: options.clock });
  }

  record(event: AuditEvent): undefined {
    const { bufferMax, batchMax, onLost } = this.#options;
    if (this.#buffer.length >= bufferMax) {
      onLost?.(1);
      return;
    }
    this.#buffer.push(event);
    if (this.#buffer.length === 1 || this.#buffer.length >= batchMax) this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const farewell = new AbortController();
    let timer: Timer | undefined;
    const onAbort = (): void => {
      timer = clock.after(farewellMs, () => farewell.abort(new Error("the server ends")));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    while (!signal.aborted) await this.#step(signal, farewell.signal);
    await Promise.all(this.#sending);
    while (this.#buffer.length > 0) {
      this.#send(farewell.signal);
      await Promise.all(this.#sending);
    }
    timer?.cancel();
  }

  async #step(signal: AbortSignal, farewell: AbortSignal): Promise<void> {
    const { clock, batchMax, parallel, waitMs: batchWaitMs } = this.#options;
    if (this.#buffer.length === 0) await this.#pause(signal);
    if (this.#buffer.length < batchMax && batchWaitMs > 0) await this.#pause(signal, batchWaitMs);
    while (this.#sending.size >= parallel) await Promise.race(this.#sending);
    const waitMs = this.#buffer.length === 0 ? 0 : (this.#bucket?.reserve() ?? 0);
    if (waitMs > 0) await clock.sleep(waitMs, signal).catch(() => undefined);
    if (this.#buffer.length > 0 && !signal.aborted) this.#send(farewell);
  }

  /** Until something has come or a batch is full, the wait is over, or the signal aborts. */
  #pause(signal: AbortSignal, waitMs?: number): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const done = (): void => {
        timer?.cancel();
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const timer = waitMs === undefined ? undefined : clock.after(waitMs, done);
      signal.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }

  #send(signal: AbortSignal): void {
    const { batchMax } = this.#options;
    const sending = this.#write(this.#buffer.splice(0, batchMax), signal).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async #write(events: readonly AuditEvent[], signal: AbortSignal): Promise<void> {
    const { log, sink, onLost } = this.#options;
    try {
      await sink.write(events, signal);
    } catch (error) {
      onLost?.(events.length);
      log.error("audit events could not be written", {
        backend: this.name,
        events: events.length,
        error: messageOf(error),
      });
    }
  }
}
