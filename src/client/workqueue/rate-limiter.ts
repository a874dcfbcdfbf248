import type { Clock } from "../../base/index.ts";
import { TokenBucket } from "../rate-limit.ts";

/** How long a key has to wait before it is tried again. */
export interface RateLimiter {
  /** Milliseconds; counts one more failure. */
  when(key: string): number;
  forget(key: string): void;
  retries(key: string): number;
}

export interface ExponentialOptions {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/** `baseDelay * 2^failures` for each key, up to `maxDelay`. */
export class ItemExponentialRateLimiter implements RateLimiter {
  readonly #failures = new Map<string, number>();
  readonly #options: ExponentialOptions;

  constructor(options: ExponentialOptions) {
    this.#options = options;
  }

  when(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#options.baseDelayMs * 2 ** failures, this.#options.maxDelayMs);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }
}

/** All keys together may be tried `qps` times a second. */
export class BucketRateLimiter implements RateLimiter {
  readonly #bucket: TokenBucket;

  constructor(bucket: TokenBucket) {
    this.#bucket = bucket;
  }

  when(): number {
    return this.#bucket.reserve();
  }

  forget(): void {}

  retries(): number {
    return 0;
  }
}

/** The longest wait that any of its limiters asks for. */
export class MaxOfRateLimiter implements RateLimiter {
  readonly #limiters: readonly RateLimiter[];

  constructor(...limiters: readonly RateLimiter[]) {
    this.#limiters = limiters;
  }

  when(key: string): number {
    return Math.max(...this.#limiters.map((limiter) => limiter.when(key)));
  }

  forget(key: string): void {
    for (const limiter of this.#limiters) limiter.forget(key);
  }

  retries(key: string): number {
    return Math.max(...this.#limiters.map((limiter) => limiter.retries(key)));
  }
}

/** Upstream's default for controllers: 5 ms to 1000 s for each key, and 10 tries a second (burst 100) for all. */
export function defaultControllerRateLimiter(clock: Pick<Clock, "monotonic">): RateLimiter {
  return new MaxOfRateLimiter(
    new ItemExponentialRateLimiter({ baseDelayMs: 5, maxDelayMs: 1_000_000 }),
    new BucketRateLimiter(new TokenBucket({ qps: 10, burst: 100, clock })),
  );
}
