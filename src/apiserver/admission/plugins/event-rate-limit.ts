import type { Event } from "../../../api/index.ts";
import { aggregateMessages, newFailure } from "../../../apimachinery/index.ts";
import type { Clock } from "../../../base/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { isResource } from "../refuse.ts";

/** How many events of one kind, by what they have in common, are taken in a second. */
export interface EventLimit {
  readonly type: "Server" | "Namespace" | "User" | "SourceAndObject";
  readonly qps: number;
  readonly burst: number;
  /** Keys remembered; the oldest go. */
  readonly cacheSize: number;
}

/** Keeps a flood of events from drowning the server. On only when asked for. */
export function eventRateLimit(limits: readonly EventLimit[], clock: Clock): AdmissionPlugin {
  const buckets = limits.map((limit) => new Buckets(limit, clock));
  return {
    name: "EventRateLimit",
    // Not those of `events.k8s.io`, as upstream has it.
    handles: (operation, resource) =>
      (operation === "CREATE" || operation === "UPDATE") && isResource(resource, "", "events"),
    validate(attributes) {
      if (attributes.dryRun) return;
      const refusals = buckets.flatMap((one) => one.refusal(attributes) ?? []);
      if (refusals.length === 0) return;
      throw newFailure(429, "TooManyRequests", `Too many requests: ${aggregateMessages(refusals)}`);
    },
  };
}

interface Bucket {
  tokens: number;
  /** Monotonic ms. */
  at: number;
}

class Buckets {
  readonly #limit: EventLimit;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: EventLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  refusal(attributes: AdmissionAttributes): string | undefined {
    const { type, qps, burst, cacheSize } = this.#limit;
    const key = keyOf(type, attributes);
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * qps);
    bucket.at = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const oldest = this.#buckets.keys().next();
    if (this.#buckets.size > cacheSize && oldest.done !== true) this.#buckets.delete(oldest.value);
    if (bucket.tokens < 1) return `limit reached on type ${type} for key ${key}`;
    bucket.tokens -= 1;
    return undefined;
  }
}

function keyOf(type: EventLimit["type"], { namespace, context, object }: AdmissionAttributes): string {
  switch (type) {
    case "Server":
      return "";
    case "Namespace":
      return namespace;
    case "User":
      return context.user.name;
    case "SourceAndObject": {
      const { source, involvedObject: of } = object as Event;
      const parts = [source?.component, source?.host, of?.kind, of?.namespace, of?.name, of?.uid, of?.apiVersion];
      return parts.map((part) => part ?? "").join("");
    }
  }
}
