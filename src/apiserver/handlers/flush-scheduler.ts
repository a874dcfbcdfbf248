import type { Clock } from "../../base/index.ts";

/** Within this time after a flush, news is gathered instead of written at once. */
const windowMs = 3;

/**
 * Decides when watch responses write. The first news after a pause goes out at once; under load, what comes within
 * the window goes out together, so that the cost per event falls as events become many.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  readonly #dirty = new Set<() => void>();
  #waiting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  request(pump: () => void): void {
    this.#dirty.add(pump);
    if (this.#waiting) return;
    this.#waiting = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const pumps = [...this.#dirty];
    this.#dirty.clear();
    for (const pump of pumps) pump();
    this.#clock.after(windowMs, () => {
      this.#waiting = false;
      if (this.#dirty.size === 0) return;
      this.#waiting = true;
      this.#flush();
    });
  }
}
