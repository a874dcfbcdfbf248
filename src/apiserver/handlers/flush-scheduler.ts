import type { Clock } from "../../base/index.ts";

/** Within this time after a flush, news is gathered instead of written at once. */
const windowMsMin = 3;
const windowMsMax = 100;
/** A window is so many times as long as the flush before it took, so that flushing leaves time for the rest. */
const windowRatio = 2;

/**
 * Decides when watch responses write. The first news after a pause goes out at once; under load, what comes within
 * the window goes out together, so that the cost per event falls as events and watchers become many.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  #dirty = new Set<() => void>();
  #waiting = false;
  #windowMs = windowMsMin;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  request(pump: () => void): void {
    this.#dirty.add(pump);
    if (this.#waiting) return;
    this.#waiting = true;
    // Where the last flush was long, so will this one be: rather gather a little first.
    if (this.#windowMs === windowMsMin) queueMicrotask(() => this.#flush());
    else this.#clock.after(windowMsMin, () => this.#flush());
  }

  #flush(): void {
    const startedAt = this.#clock.monotonic();
    const pumps = this.#dirty;
    this.#dirty = new Set();
    for (const pump of pumps) pump();
    const tookMs = this.#clock.monotonic() - startedAt;
    this.#windowMs = Math.min(windowMsMax, Math.max(windowMsMin, tookMs * windowRatio));
    this.#clock.after(this.#windowMs, () => {
      this.#waiting = false;
      if (this.#dirty.size === 0) return;
      this.#waiting = true;
      this.#flush();
    });
  }
}
