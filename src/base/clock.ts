/** A pending callback that can be taken back. Cancelling one that fired is harmless. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. Real in production, virtual in tests and in the simulator.
 * All times are milliseconds; wall times count from the Unix epoch.
 */
export interface Clock {
  /** Wall time. May jump; use it only for stamps that leave the process. */
  now(): number;
  /** Never goes back; use it for durations and deadlines. Fractions of a millisecond are kept. */
  monotonic(): number;
  /** Calls `callback` once, at least `delayMs` from now. The real clock's timers keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
