import type { eventsV1, ObjectReference } from "../../api/index.ts";
import { formatMicroTime, StatusError } from "../../apimachinery/index.ts";
import { BoundedQueue, type Clock, isAbort, type Log, messageOf, type Runnable } from "../../base/index.ts";
import type { Client, ResourceClient } from "../contract.ts";
import { LruMap } from "../lru.ts";
import { isNotFound } from "../retry.ts";
import { eventName } from "./event-name.ts";
import type { EventType } from "./recorder.ts";

export interface SeriesEvent {
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference | undefined;
  readonly type: EventType;
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

export interface SeriesRecorder {
  event(event: SeriesEvent): void;
}

export interface SeriesBroadcasterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** For example `default-scheduler`, and `default-scheduler-<host name>`. */
  readonly reportingInstance: string;
  readonly queueLimit?: number;
}

interface Series {
  event: eventsV1.Event;
  lastMs: number;
}

const resource = { group: "events.k8s.io", version: "v1", resource: "events" };
/** A series that was quiet for so long is over. */
const seriesEndMs = 6 * 60_000;
const noteLengthMax = 1024;

/** Writes events.k8s.io/v1 events: the first of a kind is created, the second makes it a series, later ones only count. */
export class SeriesBroadcaster implements Runnable {
  readonly name = "events";
  readonly #options: SeriesBroadcasterOptions;
  readonly #queue: BoundedQueue<eventsV1.Event>;
  readonly #series = new LruMap<Series>(4096);

  constructor(options: SeriesBroadcasterOptions) {
    this.#options = options;
    this.#queue = new BoundedQueue(options.queueLimit ?? 1_000);
  }

  recorder(reportingController: string): SeriesRecorder {
    return { event: (event) => this.#offer(reportingController, event) };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let timer = clock.after(seriesEndMs, () => tick());
    const tick = (): void => {
      this.#finishQuietSeries(signal);
      timer = clock.after(seriesEndMs, tick);
    };
    try {
      for (;;) {
        const event = await this.#queue.shift(signal);
        if (event === undefined) return;
        await this.#record(event, signal);
      }
    } catch (error) {
      if (!isAbort(error, signal)) throw error;
    } finally {
      timer.cancel();
    }
  }

  #offer(reportingController: string, { regarding, related, type, reason, action, note }: SeriesEvent): void {
    const { clock } = this.#options;
    const now = clock.now();
    this.#queue.push({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: {
        name: eventName(regarding.name, clock),
        namespace: regarding.namespace === undefined || regarding.namespace === "" ? "default" : regarding.namespace,
      },
      eventTime: formatMicroTime(now),
      reportingController,
      reportingInstance: this.#options.reportingInstance,
      action,
      reason,
      regarding,
      ...(related === undefined ? {} : { related }),
      note: note.slice(0, noteLengthMax),
      type,
    });
  }

  async #record(event: eventsV1.Event, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const key = seriesKey(event);
    const known = this.#series.get(key);
    if (known === undefined) {
      const written = await this.#attempt(() => this.#events(event).create(event, { signal }), signal);
      if (written !== undefined) this.#series.set(key, { event: written, lastMs: clock.monotonic() });
      return;
    }
    known.lastMs = clock.monotonic();
    const count = (known.event.series?.count ?? 1) + 1;
    const series = { count, lastObservedTime: formatMicroTime(clock.now()) };
    const isNew = known.event.series === undefined;
    known.event = { ...known.event, series };
    if (isNew) await this.#writeSeries(known.event, signal);
  }

  #finishQuietSeries(signal: AbortSignal): void {
    const now = this.#options.clock.monotonic();
    for (const [key, { event, lastMs }] of [...this.#series.entries()]) {
      if (now - lastMs < seriesEndMs) continue;
      this.#series.delete(key);
      if (event.series !== undefined) void this.#writeSeries(event, signal);
    }
  }

  async #writeSeries(event: eventsV1.Event, signal: AbortSignal): Promise<void> {
    const name = event.metadata.name ?? "";
    await this.#attempt(async () => {
      try {
        return await this.#events(event).patch(name, { type: "strategic", body: { series: event.series } }, { signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        const { resourceVersion: _gone, ...metadata } = event.metadata;
        return this.#events(event).create({ ...event, metadata }, { signal });
      }
    }, signal);
  }

  async #attempt(work: () => Promise<eventsV1.Event>, signal: AbortSignal): Promise<eventsV1.Event | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isAbort(error, signal)) return undefined;
      const { log } = this.#options;
      const message = messageOf(error);
      if (error instanceof StatusError) log.debug("Server rejected event", { error: message });
      else log.warn("Unable to write event", { error: message });
      return undefined;
    }
  }

  #events(event: eventsV1.Event): ResourceClient<eventsV1.Event> {
    return this.#options.client.resource<eventsV1.Event>(resource).namespace(event.metadata.namespace ?? "default");
  }
}

function seriesKey({
  type,
  action,
  reason,
  reportingController,
  reportingInstance,
  regarding,
  related,
  note,
}: eventsV1.Event): string {
  const of = (reference: ObjectReference | undefined): string =>
    reference === undefined ? "" : [reference.kind, reference.namespace, reference.name, reference.uid].join("/");
  return [type, action, reason, reportingController, reportingInstance, of(regarding), of(related), note].join("|");
}
