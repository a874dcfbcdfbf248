import type { Event, ObjectReference } from "../../api/index.ts";
import { formatTime, type KubeObject, StatusError } from "../../apimachinery/index.ts";
import { BoundedQueue, type Clock, isAbort, type Log, messageOf, type Runnable } from "../../base/index.ts";
import type { Client } from "../contract.ts";
import { isNotFound } from "../retry.ts";

import { EventCorrelator } from "./correlator.ts";
import { eventName } from "./event-name.ts";

export type EventType = "Normal" | "Warning";

/** Tells people what happened to an object. Never fails and never waits; under pressure events are lost. */
export interface EventRecorder {
  event(about: ObjectReference, type: EventType, reason: string, message: string): void;
}

export interface EventBroadcasterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** The node's name, for events of node components. */
  readonly host?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Events waiting to be written; more are dropped. Default 1 000. */
  readonly queueLimit?: number;
}

const events = { group: "", version: "v1", resource: "events" };
const writeAttemptsMax = 12;
const retryDelayMs = 10_000;

/** Points at an object. Objects from lists do not carry their kind, so it is given. */
export function referenceTo(
  kind: { readonly apiVersion: string; readonly kind: string },
  object: KubeObject,
): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return { apiVersion: kind.apiVersion, kind: kind.kind, namespace, name, uid, resourceVersion };
}

/** Writes core/v1 events one after the other, correlated as upstream's recorder does. */
export class EventBroadcaster implements Runnable {
  readonly name = "events";
  readonly #options: EventBroadcasterOptions;
  readonly #queue: BoundedQueue<Event>;
  readonly #correlator: EventCorrelator;
  #dropped = 0;

  constructor(options: EventBroadcasterOptions) {
    this.#options = options;
    this.#queue = new BoundedQueue(options.queueLimit ?? 1_000);
    this.#correlator = new EventCorrelator(options.clock);
  }

  /** Events lost because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  recorder(component: string): EventRecorder {
    return { event: (about, type, reason, message) => this.#offer(component, about, type, reason, message) };
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        const event = await this.#queue.shift(signal);
        if (event === undefined) return;
        await this.#record(event, signal);
      }
    } catch (error) {
      if (!isAbort(error, signal)) throw error;
    }
  }

  #offer(component: string, about: ObjectReference, type: EventType, reason: string, message: string): void {
    const { clock, host, annotations } = this.#options;
    const now = clock.now();
    const time = formatTime(now);
    const event: Event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: eventName(about.name, clock),
        namespace: about.namespace === undefined || about.namespace === "" ? "default" : about.namespace,
        ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      },
      involvedObject: about,
      reason,
      message: message.slice(0, 1024),
      source: host === undefined ? { component } : { component, host },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      reportingComponent: component,
      reportingInstance: host ?? "",
    };
    if (!this.#queue.push(event)) this.#dropped += 1;
  }

  async #record(incoming: Event, signal: AbortSignal): Promise<void> {
    const correlated = this.#correlator.correlate(incoming);
    if (correlated.kind === "drop") return;
    const { clock, log } = this.#options;
    for (let attempt = 1; attempt <= writeAttemptsMax; attempt += 1) {
      try {
        const written = await this.#write(correlated.kind, correlated.event, signal);
        return this.#correlator.written(correlated.key, written);
      } catch (error) {
        if (signal.aborted) throw error;
        if (error instanceof StatusError)
          return log.debug("Server rejected event", { reason: incoming.reason, error: messageOf(error) });
      }
      await clock.sleep(retryDelayMs, signal);
    }
    log.warn("Unable to write event, giving up", { reason: incoming.reason });
  }

  async #write(kind: "create" | "update", event: Event, signal: AbortSignal): Promise<Event> {
    const client = this.#options.client.resource<Event>(events).namespace(event.metadata.namespace ?? "default");
    if (kind === "create") return client.create(event, { signal });
    const { count, lastTimestamp, message } = event;
    try {
      return await client.patch(
        event.metadata.name ?? "",
        { type: "strategic", body: { count, lastTimestamp, message } },
        { signal },
      );
    } catch (error) {
      // It has expired meanwhile.
      if (!isNotFound(error)) throw error;
      const name = eventName(event.involvedObject.name, this.#options.clock);
      return client.create({ ...event, metadata: { ...event.metadata, name } }, { signal });
    }
  }
}
