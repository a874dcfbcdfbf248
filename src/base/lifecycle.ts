/** A part that runs until its signal aborts. */
export interface Runnable {
  readonly name: string;
  /**
   * Returns only when all work it started has ended. Rejects when the part failed; an abort is not a failure.
   */
  run(signal: AbortSignal): Promise<void>;
}
