import type { Clock, Timer } from "../../base/index.ts";
import type { Revision } from "../contract.ts";

/**
 * At each interval, compacts to the newest revision of the interval before, so that history always reaches back one
 * interval at least. Sleeps when nothing is written.
 */
export class AutoCompaction {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #compact: (revision: Revision) => void;
  #timer: Timer | undefined;
  #newest = 0;
  #mark = 0;

  constructor(clock: Clock, intervalMs: number, compact: (revision: Revision) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#compact = compact;
  }

  /** Called for each new revision. */
  noteRevision(revision: Revision): void {
    this.#newest = revision;
    if (this.#timer === undefined && this.#intervalMs > 0) this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#intervalMs, () => {
      this.#timer = undefined;
      const settled = this.#mark;
      this.#mark = this.#newest;
      if (settled > 0) this.#compact(settled);
      if (this.#mark > settled) this.#arm();
    });
  }
}
