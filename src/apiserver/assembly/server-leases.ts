import { type Clock, type Log, messageOf } from "../../base/index.ts";
import type { Store } from "../../storage/index.ts";

export interface ServerLeasesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly address: string;
  /** Called with the addresses of all servers that are there, sorted, whenever they are looked at. */
  readonly publish: (addresses: readonly string[]) => Promise<void>;
}

/** Where upstream's API servers keep theirs. */
const prefix = "/registry/masterleases/";
const lastsSeconds = 15;
const intervalMs = 10_000;
const attemptsMax = 4;

/**
 * How several API servers over one store know of each other: each keeps a key that goes by itself when its server
 * does. Upstream: the lease endpoint reconciler.
 */
export class ServerLeases {
  readonly #options: ServerLeasesOptions;
  #ended = false;

  constructor(options: ServerLeasesOptions) {
    this.#options = options;
  }

  /** Returns when this server is announced; goes on until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#renew();
    void this.#repeat(signal);
  }

  /** Takes this server's address back, while it still answers. */
  async stop(): Promise<void> {
    this.#ended = true;
    const { store, publish, address } = this.#options;
    await store.transact([], [{ type: "delete", key: prefix + address }]);
    await publish(await this.#addresses());
  }

  async #repeat(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(intervalMs, signal).catch(() => undefined);
      if (signal.aborted || this.#ended) return;
      await this.#renew().catch((error: unknown) =>
        log.warn("the server's address could not be announced", { error: messageOf(error) }),
      );
    }
  }

  async #renew(): Promise<void> {
    const { store, publish, address } = this.#options;
    const lease = { kind: "Endpoints", apiVersion: "v1", metadata: {}, subsets: [{ addresses: [{ ip: address }] }] };
    const value = Buffer.from(JSON.stringify(lease));
    await store.transact([], [{ type: "put", key: prefix + address, value, ttlSeconds: lastsSeconds }]);
    // Servers that start together publish together: the last one must have seen all.
    for (let attempt = 0, published = ""; attempt < attemptsMax; attempt++) {
      const addresses = await this.#addresses();
      if (addresses.join() === published) return;
      published = addresses.join();
      await publish(addresses);
    }
  }

  async #addresses(): Promise<readonly string[]> {
    const { entries } = await this.#options.store.list(prefix);
    return entries.map(({ key }) => key.slice(prefix.length)).sort();
  }
}
