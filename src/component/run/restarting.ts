import { type Clock, type Log, messageOf, type Random, type Runnable } from "../../base/index.ts";

export interface RestartOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The first wait. Default 100. */
  readonly minMs?: number;
  /** The longest wait. Default 30 000. */
  readonly maxMs?: number;
  /** A part that ran for so long starts again with the first wait. Default 60 000. */
  readonly resetAfterMs?: number;
}

/** Runs a part again whenever it fails or ends, after waits that double, each up to a tenth longer by chance. */
export function restarting(runnable: Runnable, options: RestartOptions): Runnable {
  const { clock, random, log, minMs = 100, maxMs = 30_000, resetAfterMs = 60_000 } = options;
  const run = async (signal: AbortSignal): Promise<void> => {
    let waitMs = minMs;
    while (!signal.aborted) {
      const started = clock.monotonic();
      const failure = await runnable.run(signal).then(
        () => "it ended",
        (error: unknown) => messageOf(error),
      );
      if (signal.aborted) return;
      if (clock.monotonic() - started >= resetAfterMs) waitMs = minMs;
      const delayMs = waitMs * (1 + random.next() / 10);
      log.warn("Restarting a part", { part: runnable.name, reason: failure, delayMs: Math.round(delayMs) });
      // An abort ends the wait; the loop's condition ends the loop.
      await clock.sleep(delayMs, signal).catch(() => {});
      waitMs = Math.min(waitMs * 2, maxMs);
    }
  };
  return { name: runnable.name, run };
}
