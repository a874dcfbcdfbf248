import type { Clock } from "../base/index.ts";

export interface TokenBucketOptions {
  /** Tokens that come back per second. */
  readonly qps: number;
  /** Tokens that the bucket holds. */
  readonly burst: number;
  readonly clock: Pick<Clock, "monotonic">;
}

/** A bucket of tokens that refills steadily. Reservations may run into debt; the caller waits the time returned. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #at: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#at = options.clock.monotonic();
  }

  /** Takes a token if there is one now. */
  tryTake(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes a token, perhaps one that is yet to come, and returns the milliseconds until it is there. */
  reserve(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#options.qps) * 1000;
  }

  #refill(): void {
    const now = this.#options.clock.monotonic();
    const gained = ((now - this.#at) / 1000) * this.#options.qps;
    this.#at = now;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + gained);
  }
}
