import { type KubeObject, StatusError } from "../../apimachinery/index.ts";
import { type Clock, isAbort, type Log, messageOf, type Random } from "../../base/index.ts";
import type { ResourceClient, WatchEvent } from "../contract.ts";
import { BackoffManager } from "../backoff.ts";

/** Where a reflector puts what it sees. Calls come in order, never at once. */
export interface ReflectorSink<T> {
  /** Everything there is, as of `resourceVersion`. */
  replace(objects: readonly T[], resourceVersion: string): void;
  put(object: T): void;
  remove(object: T): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly name: string;
  readonly client: ResourceClient<T>;
  readonly sink: ReflectorSink<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Asks for streaming lists first (`sendInitialEvents`). Default true; a server that refuses is listed instead. */
  readonly streamingList?: boolean | undefined;
}

type Position = { readonly kind: "at"; readonly resourceVersion: string } | { readonly kind: "unknown" };

const listPageSize = 500;
const initialEventsEnd = "k8s.io/initial-events-end";
/** A server that ends watches this soon without an event is not well; wait before the next. */
const shortWatchMs = 1_000;

/** Keeps a sink in step with the server: list, then watch from there, for ever. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #backoff: BackoffManager;
  #position: Position = { kind: "unknown" };
  #streamingRefused: boolean;
  /** After 410 the next list must be read from the store itself, not from a cache that may be behind. */
  #consistentNext = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#streamingRefused = options.streamingList === false;
    this.#backoff = new BackoffManager({
      clock: options.clock,
      random: options.random,
      baseMs: 800,
      maxMs: 30_000,
      resetAfterMs: 120_000,
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#synchronize(signal);
      } catch (error) {
        if (signal.aborted || isAbort(error, signal)) return;
        this.#fail(error);
        await this.#backoff.wait(signal).catch(() => {});
      }
    }
  }

  async #synchronize(signal: AbortSignal): Promise<void> {
    if (this.#position.kind === "unknown") {
      const streamed = !this.#streamingRefused && (await this.#streamList(signal));
      if (!streamed) await this.#list(signal);
      return;
    }
    await this.#watch(this.#position.resourceVersion, signal);
  }

  #fail(error: unknown): void {
    const { log, name } = this.#options;
    if (isExpired(error)) {
      this.#position = { kind: "unknown" };
      this.#consistentNext = true;
      log.debug("Watch position expired, listing again", { reflector: name });
      return;
    }
    log.warn("Failed to list or watch", { reflector: name, error: messageOf(error) });
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, labelSelector, fieldSelector } = this.#options;
    const selectors = { labelSelector, fieldSelector, signal };
    let page = await client.list(
      this.#consistentNext ? { ...selectors, limit: listPageSize } : { ...selectors, resourceVersion: "0" },
    );
    let items: readonly T[] = page.items;
    while (page.metadata.continue !== undefined && page.metadata.continue !== "") {
      page = await client.list({ ...selectors, limit: listPageSize, continue: page.metadata.continue });
      items = [...items, ...page.items];
    }
    this.#synced(items, page.metadata.resourceVersion ?? "");
  }

  #synced(items: readonly T[], resourceVersion: string): void {
    this.#consistentNext = false;
    this.#position = { kind: "at", resourceVersion };
    this.#options.sink.replace(items, resourceVersion);
  }

  /** Lists and goes on watching in one stream. False when the server does not know streaming lists. */
  async #streamList(signal: AbortSignal): Promise<boolean> {
    let initial: Map<string, T> | undefined = new Map();
    try {
      for await (const event of this.#open("", signal, true)) {
        if (initial === undefined) this.#apply(event);
        else if (collect(event, initial)) {
          this.#synced([...initial.values()], event.object.metadata.resourceVersion ?? "");
          initial = undefined;
          this.#backoff.succeeded();
        }
      }
    } catch (error) {
      if (initial === undefined || !isRefusal(error)) throw error;
      this.#streamingRefused = true;
      return false;
    }
    if (initial !== undefined) throw new Error("the streaming list ended early");
    return true;
  }

  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const since = clock.monotonic();
    let events = 0;
    for await (const event of this.#open(from, signal, false)) {
      events += 1;
      this.#apply(event);
      this.#backoff.succeeded();
    }
    signal.throwIfAborted();
    if (events === 0 && clock.monotonic() - since < shortWatchMs) throw new Error("very short watch: no event came");
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === "ERROR") throw new StatusError(event.status);
    const { sink } = this.#options;
    if (event.type === "DELETED") sink.remove(event.object);
    else if (event.type !== "BOOKMARK") sink.put(event.object);
    const resourceVersion = event.object.metadata.resourceVersion;
    if (resourceVersion !== undefined) this.#position = { kind: "at", resourceVersion };
  }

  #open(resourceVersion: string, signal: AbortSignal, initial: boolean): AsyncIterable<WatchEvent<T>> {
    const { client, random, labelSelector, fieldSelector } = this.#options;
    return client.watch({
      labelSelector,
      fieldSelector,
      allowWatchBookmarks: true,
      // Between five and ten minutes, so that watches of one moment do not all end at one moment.
      timeoutSeconds: Math.floor(300 * (1 + random.next())),
      signal,
      ...(initial ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" as const } : { resourceVersion }),
    });
  }
}

/** Takes an event of the initial list; true at the bookmark that ends it. */
function collect<T extends KubeObject>(
  event: WatchEvent<T>,
  initial: Map<string, T>,
): event is Extract<WatchEvent<T>, { type: "BOOKMARK" }> {
  if (event.type === "ERROR") throw new StatusError(event.status);
  const { uid = "", name = "", namespace = "", annotations } = event.object.metadata;
  const key = `${namespace}/${name}/${uid}`;
  if (event.type === "BOOKMARK") return annotations?.[initialEventsEnd] === "true";
  if (event.type === "DELETED") initial.delete(key);
  else initial.set(key, event.object);
  return false;
}

/** The position is too old for the server (410, `Expired` or `Gone`). */
export function isExpired(error: unknown): boolean {
  return error instanceof StatusError && (error.code === 410 || error.reason === "Expired" || error.reason === "Gone");
}

function isRefusal(error: unknown): boolean {
  return error instanceof StatusError && [400, 405, 406, 422].includes(error.code);
}
