import type { Clock } from "../../base/index.ts";

interface Lease {
  readonly id: Promise<string>;
  /** Monotonic milliseconds until which more keys may join. */
  readonly openUntilMs: number;
  keys: number;
}

/** As upstream's API server: keys that are to go at about the same time share a lease. */
const REUSE_MS_MAX = 60_000;
const REUSE_SHARE = 0.05;
const KEYS_PER_LEASE_MAX = 1000;

/** Finds a lease for a time to live. A key lives up to 5 % (at most a minute) longer than asked for, never shorter. */
export class Leases {
  readonly #clock: Clock;
  readonly #grant: (ttlSeconds: number) => Promise<string>;
  readonly #open = new Map<number, Lease>();

  constructor(clock: Clock, grant: (ttlSeconds: number) => Promise<string>) {
    this.#clock = clock;
    this.#grant = grant;
  }

  find(ttlSeconds: number): Promise<string> {
    const now = this.#clock.monotonic();
    const known = this.#open.get(ttlSeconds);
    if (known !== undefined && now < known.openUntilMs && known.keys < KEYS_PER_LEASE_MAX) {
      known.keys++;
      return known.id;
    }
    for (const [other, lease] of this.#open) if (lease.openUntilMs <= now) this.#open.delete(other);
    const reuseMs = Math.min(REUSE_MS_MAX, ttlSeconds * 1000 * REUSE_SHARE);
    const id = this.#grant(Math.ceil(ttlSeconds + reuseMs / 1000));
    this.#open.set(ttlSeconds, { id, openUntilMs: now + reuseMs, keys: 1 });
    id.catch(() => this.#open.delete(ttlSeconds));
    return id;
  }
}
