import type { AuditedCall } from "./contract.ts";
import { type EventMaker, statusOf } from "./event-maker.ts";

/** The record of a call from within the process. */
export class RecordedCall implements AuditedCall {
  readonly stored: Promise<boolean> | undefined;
  readonly #maker: EventMaker;
  readonly #longRunning: boolean;

  constructor(maker: EventMaker, longRunning: boolean) {
    this.#maker = maker;
    this.#longRunning = longRunning;
    this.stored = maker.arrived();
  }

  started(): Promise<boolean> | undefined {
    return this.#maker.emit("ResponseStarted", { status: { metadata: {}, code: 200 }, object: undefined });
  }

  ended(code: number, answer: unknown): Promise<boolean> | undefined {
    const wanted = this.#maker.level === "RequestResponse" && !this.#longRunning;
    const status = code < 400 ? { metadata: {}, code } : statusOf(answer, code);
    return this.#maker.emit("ResponseComplete", { status, object: wanted ? answer : undefined });
  }
}
