import { type Clock, type Log, messageOf } from "../../base/index.ts";
import type { AuditBackend, AuditEvent } from "./contract.ts";

export interface WebhookBackendOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Posts one `EventList`; rejects when the receiver did not take it. */
  readonly post: (body: string, signal: AbortSignal) => Promise<void>;
  /** `--audit-webhook-batch-buffer-size`. Default 10,000. */
  readonly bufferMax?: number;
  /** `--audit-webhook-batch-max-size`. Default 400. */
  readonly batchMax?: number;
  /** `--audit-webhook-batch-max-wait`. Default 30 s. */
  readonly waitMs?: number;
  /** `--audit-webhook-initial-backoff`. Default 10 s. */
  readonly backoffMs?: number;
  readonly onDropped?: (count: number) => void;
}

const attemptsMax = 5;
/** How long the last events have at the end. */
const farewellMs = 5_000;

/** Sends events in batches. What the buffer has no room for is dropped and counted, so that no request waits. */
export class WebhookBackend implements AuditBackend {
  readonly name = "webhook";
  readonly #options: WebhookBackendOptions;
  #buffer: AuditEvent[] = [];
  #wake: (() => void) | undefined;

  constructor(options: WebhookBackendOptions) {
    this.#options = options;
  }

  record(event: AuditEvent): void {
    const { bufferMax = 10_000, batchMax = 400, onDropped } = this.#options;
    if (this.#buffer.length >= bufferMax) {
      onDropped?.(1);
      return;
    }
    this.#buffer.push(event);
    if (this.#buffer.length >= batchMax) this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, batchMax = 400 } = this.#options;
    while (!signal.aborted) {
      if (this.#buffer.length < batchMax) await this.#pause(signal);
      while (this.#buffer.length >= batchMax && !signal.aborted) await this.#send(signal);
      if (this.#buffer.length > 0 && !signal.aborted) await this.#send(signal);
    }
    const farewell = new AbortController();
    const timer = clock.after(farewellMs, () => farewell.abort(new Error("the server ends")));
    while (this.#buffer.length > 0 && !farewell.signal.aborted) await this.#send(farewell.signal);
    timer.cancel();
  }

  /** Until a batch is full, the wait is over, or the signal aborts. */
  #pause(signal: AbortSignal): Promise<void> {
    const { clock, waitMs = 30_000 } = this.#options;
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const timer = clock.after(waitMs, done);
      signal.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { clock, log, post, onDropped, batchMax = 400, backoffMs = 10_000 } = this.#options;
    const items = this.#buffer.splice(0, batchMax);
    const body = JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items });
    for (let attempt = 1; ; attempt++) {
      try {
        await post(body, signal);
        return;
      } catch (error) {
        if (attempt < attemptsMax && !signal.aborted) {
          await clock.sleep(backoffMs * 1.5 ** (attempt - 1), signal).catch(() => undefined);
          if (!signal.aborted) continue;
        }
        onDropped?.(items.length);
        log.error("audit events could not be sent", { events: items.length, error: messageOf(error) });
        return;
      }
    }
  }
}
