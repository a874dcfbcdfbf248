import type { APIService } from "../../api/index.ts";
import { type Clock, type Log, messageOf } from "../../base/index.ts";
import { type Client, isConflict, isNotFound } from "../../client/index.ts";
import type { ClusterObjects } from "../admission/objects.ts";
import { nowText } from "../registry/times.ts";
import { apiServicesResource, availability, type Condition, groupVersionOf } from "./api-services.ts";
import { objection, passed, type Verdict } from "./checks.ts";
import { fetchDocuments, type RemoteDocuments } from "./remote-documents.ts";
import type { RemoteFetch } from "./remote-fetch.ts";

/** Upstream: the informer's resync. */
const recheckMs = 30_000;
const retryFirstMs = 250;

export interface AvailabilityOptions {
  readonly objects: ClusterObjects;
  readonly client: Client;
  readonly fetch: RemoteFetch;
  readonly clock: Clock;
  readonly log: Log;
  /** The newest state of a registration. */
  readonly current: (name: string) => APIService | undefined;
  /** What a server said of itself, whenever that has changed. */
  readonly learnt: (name: string, documents: RemoteDocuments) => void;
}

/** Looks whether one registered server answers, until the signal aborts, and keeps the registration's condition. */
export class AvailabilityCheck {
  readonly #options: AvailabilityOptions;
  readonly #name: string;
  #wake = Promise.withResolvers<void>();
  #retryMs = retryFirstMs;

  constructor(name: string, options: AvailabilityOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** Something that matters has changed. */
  look(): void {
    this.#wake.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>();
      let waitMs = recheckMs;
      try {
        const good = await this.#check(signal);
        this.#retryMs = good ? retryFirstMs : Math.min(this.#retryMs * 2, recheckMs);
        if (!good) waitMs = this.#retryMs;
      } catch (error) {
        if (signal.aborted) return;
        if (!isConflict(error) && !isNotFound(error))
          log.warn("API service cannot be checked", { name: this.#name, error: messageOf(error) });
        waitMs = retryFirstMs;
      }
      await this.#pause(waitMs, signal);
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const sleep = this.#options.clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    await Promise.race([sleep, this.#wake.promise]);
    woken.abort();
  }

  async #check(signal: AbortSignal): Promise<boolean> {
    const { objects, client, clock, current, fetch, learnt } = this.#options;
    const service = current(this.#name);
    if (service === undefined) return true;
    const verdict =
      objection(objects, service) ??
      (await fetchDocuments(fetch, service, groupVersionOf(service), signal).then(
        (documents) => {
          learnt(this.#name, documents);
          return passed;
        },
        (error: unknown): Verdict => ({ status: "False", reason: "FailedDiscoveryCheck", message: messageOf(error) }),
      ));
    await reportAvailability(client, service, verdict, clock);
    return verdict.status === "True";
  }
}

/** Writes the condition, unless it stands. */
export async function reportAvailability(
  client: Client,
  service: APIService,
  verdict: Verdict,
  clock: Clock,
): Promise<void> {
  const known = availability(service);
  if (known?.status === verdict.status && known.reason === verdict.reason && known.message === verdict.message) return;
  const time = known?.status === verdict.status ? known.lastTransitionTime : undefined;
  const condition: Condition = { type: "Available", lastTransitionTime: time ?? nowText(clock), ...verdict };
  const others = (service.status?.conditions ?? []).filter(({ type }) => type !== "Available");
  await client
    .resource<APIService>(apiServicesResource)
    .updateStatus({ ...service, status: { ...service.status, conditions: [...others, condition] } });
}
