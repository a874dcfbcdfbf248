import type { Event } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import { LruMap } from "../lru.ts";
import { TokenBucket } from "../rate-limit.ts";

/** Upstream's figures (`client-go/tools/record/events_cache.go`). */
const cacheSize = 4096;
const similarEventsMax = 10;
const similarIntervalMs = 600_000;
const spamBurst = 25;
const spamQps = 1 / 300;

export type Correlated =
  | { readonly kind: "create"; readonly event: Event; readonly key: string }
  /** The event of that name exists: only its count, time and message change. */
  | { readonly kind: "update"; readonly event: Event; readonly key: string }
  | { readonly kind: "drop" };

interface Aggregate {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Logged {
  readonly name: string;
  readonly count: number;
  readonly firstTimestamp: string | undefined;
}

/**
 * Keeps events few: equal ones are counted, more than ten alike in ten minutes are combined into one, and an object that
 * makes too many from one source is not heard.
 */
export class EventCorrelator {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #aggregates = new LruMap<Aggregate>(cacheSize);
  readonly #logged = new LruMap<Logged>(cacheSize);
  readonly #buckets = new LruMap<TokenBucket>(cacheSize);

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  correlate(incoming: Event): Correlated {
    const { event, key } = this.#aggregate(incoming);
    const logged = this.#logged.get(key);
    const counted: Event =
      logged === undefined
        ? { ...event, count: 1 }
        : {
            ...event,
            metadata: { ...event.metadata, name: logged.name },
            count: logged.count + 1,
            firstTimestamp: logged.firstTimestamp,
          };
    this.#remember(key, counted);
    if (!this.#bucket(spamKey(event)).tryTake()) return { kind: "drop" };
    return { kind: logged === undefined ? "create" : "update", event: counted, key };
  }

  /** What the server really has, after a write. */
  written(key: string, event: Event): void {
    this.#remember(key, event);
  }

  #remember(key: string, event: Event): void {
    this.#logged.set(key, {
      name: event.metadata.name ?? "",
      count: event.count ?? 1,
      firstTimestamp: event.firstTimestamp,
    });
  }

  #aggregate(event: Event): { event: Event; key: string } {
    const similar = similarKey(event);
    const message = event.message ?? "";
    const now = this.#clock.monotonic();
    const known = this.#aggregates.get(similar);
    const aggregate =
      known === undefined || now - known.lastMs > similarIntervalMs
        ? { messages: new Set<string>(), lastMs: now }
        : known;
    aggregate.lastMs = now;
    aggregate.messages.add(message);
    this.#aggregates.set(similar, aggregate);
    if (aggregate.messages.size < similarEventsMax) return { event, key: `${similar}|${message}` };
    // The set stays small: which messages they were no longer matters.
    const [oldest] = aggregate.messages;
    if (oldest !== undefined && aggregate.messages.size > similarEventsMax) aggregate.messages.delete(oldest);
    return { event: { ...event, message: `(combined from similar events): ${message}` }, key: similar };
  }

  #bucket(key: string): TokenBucket {
    const existing = this.#buckets.get(key);
    if (existing !== undefined) return existing;
    const made = new TokenBucket({ qps: spamQps, burst: spamBurst, clock: this.#clock });
    this.#buckets.set(key, made);
    return made;
  }
}

function similarKey(event: Event): string {
  return [spamKey(event), event.type, event.reason, event.reportingComponent, event.reportingInstance].join("|");
}

function spamKey({ source, involvedObject: of }: Event): string {
  const { component, host } = source ?? {};
  return [component, host, of.kind, of.namespace, of.name, of.uid, of.apiVersion, of.fieldPath].join("|");
}
