import type { Clock, Timer } from "../clock.ts";
import { sleepOn } from "../sleep.ts";

/** The longest delay that Node's timers take; longer ones are walked in steps. */
const delayMaxMs = 2 ** 31 - 1;

export class RealClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    if (delayMs <= delayMaxMs) {
      const handle = setTimeout(callback, delayMs);
      return { cancel: () => clearTimeout(handle) };
    }
    let current: Timer;
    const rest = delayMs - delayMaxMs;
    const handle = setTimeout(() => {
      current = this.after(rest, callback);
    }, delayMaxMs);
    current = { cancel: () => clearTimeout(handle) };
    return { cancel: () => current.cancel() };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }
}
