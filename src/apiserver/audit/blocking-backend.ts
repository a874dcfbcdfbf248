import { type Log, messageOf, whenAborted } from "../../base/index.ts";
import type { AuditBackend, AuditEvent, AuditSink } from "./contract.ts";

export interface BlockingOptions {
  readonly sink: AuditSink;
  readonly log: Log;
  /** Mode `blocking-strict`: a request whose arrival cannot be recorded is refused. */
  readonly strict: boolean;
  readonly onLost?: (count: number) => void;
}

/** Modes `blocking` and `blocking-strict`: requests go on when their events are written. */
export class BlockingBackend implements AuditBackend {
  readonly name: string;
  readonly #options: BlockingOptions;
  readonly #writing = new Set<Promise<boolean>>();
  readonly #ended = new AbortController();

  constructor(options: BlockingOptions) {
    this.name = options.sink.name;
    this.#options = options;
  }

  record(event: AuditEvent): Promise<boolean> {
    const writing = this.#write(event).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    return writing;
  }

  async run(signal: AbortSignal): Promise<void> {
    await whenAborted(signal);
    const rest = Promise.all(this.#writing);
    // Retries would outlive the server.
    this.#ended.abort(new Error("the server ends"));
    await rest;
  }

  async #write(event: AuditEvent): Promise<boolean> {
    const { sink, strict, log, onLost } = this.#options;
    try {
      await sink.write([event], this.#ended.signal);
      return true;
    } catch (error) {
      onLost?.(1);
      log.error("an audit event could not be written", { backend: this.name, error: messageOf(error) });
      return !strict;
    }
  }
}
