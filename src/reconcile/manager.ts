import type { Runnable } from "../base/index.ts";

/**
 * Runs several parts as one. They start in order and are stopped together; the first failure stops the others and is
 * the failure of the whole.
 */
export function runAll(name: string, parts: readonly Runnable[]): Runnable {
  return {
    name,
    async run(signal) {
      const controller = new AbortController();
      const combined = AbortSignal.any([signal, controller.signal]);
      const failures: unknown[] = [];
      await Promise.all(
        parts.map(async (part) => {
          try {
            await part.run(combined);
          } catch (error) {
            failures.push(error);
            controller.abort(error);
          }
        }),
      );
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** Does something now and again every `intervalMs`, never twice at once. */
export interface PeriodicOptions {
  readonly name: string;
  readonly intervalMs: number;
  readonly clock: import("../base/index.ts").Clock;
  readonly log: import("../base/index.ts").Log;
  /** Before the first time, for example that informers are in sync. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  readonly work: (signal: AbortSignal) => Promise<void>;
}

export function periodic(options: PeriodicOptions): Runnable {
  const { name, intervalMs, clock, log, ready, work } = options;
  return {
    name,
    async run(signal) {
      try {
        await ready?.(signal);
        while (!signal.aborted) {
          await work(signal).catch((error: unknown) => {
            if (!signal.aborted) log.info("Periodic work failed", { name, error: String(error) });
          });
          await clock.sleep(intervalMs, signal);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}
