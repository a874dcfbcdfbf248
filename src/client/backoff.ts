import type { Clock, Random } from "../base/index.ts";

export interface BackoffManagerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly baseMs: number;
  readonly maxMs: number;
  /** Without a failure for so long, the next wait is the shortest again. */
  readonly resetAfterMs: number;
}

/** Doubling waits with full jitter: each is between one and two times its step, as upstream's reflector does. */
export class BackoffManager {
  readonly #options: BackoffManagerOptions;
  #stepMs: number;
  #lastFailure = Number.NEGATIVE_INFINITY;

  constructor(options: BackoffManagerOptions) {
    this.#options = options;
    this.#stepMs = options.baseMs;
  }

  succeeded(): void {
    this.#stepMs = this.#options.baseMs;
  }

  nextMs(): number {
    const { clock, random, baseMs, maxMs, resetAfterMs } = this.#options;
    const now = clock.monotonic();
    if (now - this.#lastFailure > resetAfterMs) this.#stepMs = baseMs;
    this.#lastFailure = now;
    const step = this.#stepMs;
    this.#stepMs = Math.min(step * 2, maxMs);
    return step * (1 + random.next());
  }

  async wait(signal?: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(this.nextMs(), signal);
  }
}
