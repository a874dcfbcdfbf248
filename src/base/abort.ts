import type { Clock } from "./clock.ts";

/** Whether something failed only because the work was told to stop. */
export function isAbort(error: unknown, signal?: AbortSignal): boolean {
  if (signal?.aborted === true && error === signal.reason) return true;
  return error instanceof Error && error.name === "AbortError";
}

/** Resolves when the signal aborts. The listener is removed with the signal itself. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Waits for the promise, or rejects with the signal's reason as soon as it aborts. The work itself goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) {
      promise.catch(() => {});
      return onAbort();
    }
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** The work took longer than it was given. */
export class TimeoutError extends Error {
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`timed out after ${timeoutMs} ms`);
    this.name = "TimeoutError";
    this.timeoutMs = timeoutMs;
  }
}

/** Settles as the work does, or rejects with a `TimeoutError` after `timeoutMs`. The work itself goes on. */
export function withDeadline<T>(clock: Clock, timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () => reject(new TimeoutError(timeoutMs)));
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}

/**
 * Runs work under a signal that aborts with a `TimeoutError` after `timeoutMs`, or with the parent signal's reason.
 * Settles as the work does, but at once when the signal aborts.
 */
export async function withTimeout<T>(
  clock: Clock,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const onParentAbort = (): void => controller.abort(parent?.reason);
  if (parent?.aborted === true) throw parent.reason;
  parent?.addEventListener("abort", onParentAbort, { once: true });
  const timer = clock.after(timeoutMs, () => controller.abort(new TimeoutError(timeoutMs)));
  try {
    return await abortable(work(controller.signal), controller.signal);
  } finally {
    timer.cancel();
    parent?.removeEventListener("abort", onParentAbort);
  }
}
