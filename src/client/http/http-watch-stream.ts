import { type KubeObject, parseJson } from "../../apimachinery/index.ts";
import type { WatchEvent, WatchStream } from "../contract.ts";
import type { HttpClient } from "./http-client.ts";
import { linesOf, readAll } from "./json-lines.ts";
import { isStatus, statusErrorOf } from "./status.ts";

interface WireEvent {
  readonly type: string;
  readonly object: unknown;
}

/** A watch over HTTP: one JSON document per line. Opened when first read. */
export class HttpWatchStream<T extends KubeObject> implements WatchStream<T> {
  readonly #client: HttpClient;
  readonly #path: string;
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;

  constructor(client: HttpClient, path: string, parent: AbortSignal | undefined) {
    this.#client = client;
    this.#path = path;
    this.#parent = parent;
  }

  close(): void {
    this.#controller.abort();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>> {
    const onAbort = (): void => this.#controller.abort();
    this.#parent?.throwIfAborted();
    this.#parent?.addEventListener("abort", onAbort, { once: true });
    try {
      yield* this.#events();
      // Some transports end quietly when they are cut.
      this.#parent?.throwIfAborted();
    } catch (error) {
      if (this.#parent?.aborted === true) throw this.#parent.reason;
      if (!this.#controller.signal.aborted) throw error;
    } finally {
      this.#parent?.removeEventListener("abort", onAbort);
      this.#controller.abort();
    }
  }

  async *#events(): AsyncGenerator<WatchEvent<T>> {
    const response = await this.#client.open({ method: "GET", path: this.#path, signal: this.#controller.signal });
    if (response.status !== 200) throw statusErrorOf(response.status, await readAll(response.body), response.headers);
    for await (const line of linesOf(response.body)) {
      const event = eventOf<T>(parseJson(line) as WireEvent);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf<T extends KubeObject>(event: WireEvent): WatchEvent<T> | undefined {
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
    case "BOOKMARK":
      return { type: event.type, object: event.object as T };
    case "ERROR":
      return isStatus(event.object) ? { type: "ERROR", status: event.object } : undefined;
    default:
      return undefined;
  }
}
