const secondsMax = 32;

/**
 * How long refused clients are told to wait: doubled while many are refused, a second less while few are, as TCP does
 * with its window. Upstream: `DroppedRequestsTracker`.
 */
export class RetryAfter {
  #seconds = 1;
  #changedAt = 0;
  /** Refusals by second, the newest last. */
  #history: { readonly second: number; count: number }[] = [];

  /** Notes a refusal and returns the seconds to tell. */
  refused(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    const newest = this.#history.at(-1);
    if (newest?.second === second) newest.count++;
    else {
      this.#history.push({ second, count: 1 });
      this.#history = this.#history.filter((past) => second - past.second <= secondsMax);
    }
    this.#adapt(second);
    return this.#seconds;
  }

  #adapt(second: number): void {
    if (second - this.#changedAt < this.#seconds) return;
    let refused = 0;
    for (const past of this.#history) {
      if (past.second < second && second - past.second <= this.#seconds) refused += past.count;
    }
    if (refused >= 3 * this.#seconds) this.#set(Math.min(secondsMax, this.#seconds * 2), second);
    else if (refused < this.#seconds && this.#seconds > 1) this.#set(this.#seconds - 1, second);
  }

  #set(seconds: number, second: number): void {
    this.#seconds = seconds;
    this.#changedAt = second;
  }
}
