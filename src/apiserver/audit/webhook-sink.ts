import { abortable, type Clock } from "../../base/index.ts";
import type { AuditEvent, AuditSink } from "./contract.ts";

export interface WebhookSinkOptions {
  readonly clock: Clock;
  /** Posts one `EventList`; rejects when the receiver did not take it. */
  readonly post: (body: string, signal: AbortSignal) => Promise<void>;
  /** `--audit-webhook-initial-backoff`. Default 10 s. */
  readonly backoffMs?: number;
}

const attemptsMax = 5;
const backoffFactor = 1.5;

/** Posts events to a receiver, several times if need be. */
export class WebhookSink implements AuditSink {
  readonly name = "webhook";
  readonly #options: WebhookSinkOptions;

  constructor(options: WebhookSinkOptions) {
    this.#options = options;
  }

  async write(items: readonly AuditEvent[], signal: AbortSignal): Promise<void> {
    const { clock, post, backoffMs = 10_000 } = this.#options;
    const body = JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items });
    for (let attempt = 1; ; attempt++) {
      try {
        await abortable(post(body, signal), signal);
        return;
      } catch (error) {
        if (attempt >= attemptsMax || signal.aborted) throw error;
        await clock.sleep(backoffMs * backoffFactor ** (attempt - 1), signal);
      }
    }
  }
}
