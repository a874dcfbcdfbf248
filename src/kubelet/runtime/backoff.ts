/** Doubling delays for things that keep failing. Times are wall times in milliseconds. */
export interface BackoffLimits {
  readonly initialMs: number;
  readonly maximumMs: number;
}

/** Upstream: 10 s, doubling, at most 5 m; forgotten after twice the maximum without failure. */
export const crashLoopLimits: BackoffLimits = { initialMs: 10_000, maximumMs: 300_000 };

interface Entry {
  delayMs: number;
  updatedMs: number;
}

const entriesMax = 10_000;

export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #entries = new Map<string, Entry>();

  constructor(limits: BackoffLimits = crashLoopLimits) {
    this.#limits = limits;
  }

  /** How long until what failed at `failedMs` may be tried again; 0 when now. */
  remainingMs(key: string, failedMs: number, nowMs: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(entry, failedMs)) return 0;
    return Math.max(0, failedMs + entry.delayMs - nowMs);
  }

  /** The same, counted from the last attempt that was noted here. */
  remainingSinceNoteMs(key: string, nowMs: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(entry, nowMs)) return 0;
    return Math.max(0, entry.updatedMs + entry.delayMs - nowMs);
  }

  /** Notes another attempt after a failure at `failedMs`: the next wait is twice as long. */
  note(key: string, failedMs: number, nowMs: number): void {
    const entry = this.#entries.get(key);
    const grown =
      entry === undefined || this.#expired(entry, failedMs)
        ? this.#limits.initialMs
        : Math.min(entry.delayMs * 2, this.#limits.maximumMs);
    this.#entries.delete(key);
    this.#entries.set(key, { delayMs: grown, updatedMs: nowMs });
    if (this.#entries.size > entriesMax) this.#dropOldest();
  }

  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  forgetPrefix(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #expired(entry: Entry, atMs: number): boolean {
    return atMs - entry.updatedMs > 2 * this.#limits.maximumMs;
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next().value;
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
