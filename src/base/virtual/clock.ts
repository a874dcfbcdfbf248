import { AssertionError } from "../assert.ts";
import type { Clock, Timer } from "../clock.ts";
import { sleepOn } from "../sleep.ts";
import { TimerHeap, type VirtualTimer } from "./timer-heap.ts";

const limitMsDefault = 60 * 60 * 1000;

/**
 * Time that moves only when told. Timers fire one by one, by deadline and then in the order they were made; between
 * two of them every promise chain and `process.nextTick` queue that the first set off runs to its end. So one run is
 * like any other, whatever the speed of the machine.
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap();
  readonly #startMs: number;
  #elapsedMs = 0;
  #sequence = 0;
  #moving = false;

  /** `startMs` is the wall time at the beginning; the default is 2026-01-01T00:00:00Z. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer: VirtualTimer = {
      deadlineMs: this.#elapsedMs + Math.max(0, delayMs),
      sequence: this.#sequence++,
      callback,
      cancelled: false,
    };
    this.#timers.push(timer);
    return { cancel: () => this.#timers.cancel(timer) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Timers that have not fired and were not cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets everything run that can run without time moving. */
  async settle(): Promise<void> {
    // All microtasks and ticks run before the event loop gets to its next turn; the second turn is for those who
    // themselves yield one turn, as streams do.
    await nextTurn();
    await nextTurn();
  }

  /** Moves time forward by `durationMs`, firing what falls due on the way. */
  async advance(durationMs: number): Promise<void> {
    await this.#exclusively(async () => {
      const endMs = this.#elapsedMs + durationMs;
      await this.settle();
      while (await this.#fireNext(endMs));
      this.#elapsedMs = endMs;
    });
  }

  /** Fires timers until none is left. Resolves to false when `limitMs` of virtual time passed first. */
  async runUntilIdle(limitMs = limitMsDefault): Promise<boolean> {
    return this.runUntil(() => this.#timers.size === 0, limitMs);
  }

  /** Fires timers until the condition holds. Resolves to false when `limitMs` passed, or no timer is left, before. */
  async runUntil(condition: () => boolean, limitMs = limitMsDefault): Promise<boolean> {
    return this.#exclusively(async () => {
      const endMs = this.#elapsedMs + limitMs;
      await this.settle();
      while (!condition()) {
        if (!(await this.#fireNext(endMs))) return condition();
      }
      return true;
    });
  }

  /** Moves time until the promise settles, and returns as it does. Throws when `limitMs` passed before. */
  async resolve<T>(promise: Promise<T>, limitMs = limitMsDefault): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    if (await this.runUntil(() => settled, limitMs)) return promise;
    throw new Error(`not settled after ${this.#elapsedMs} ms of virtual time, ${this.#timers.size} timers pending`);
  }

  async #fireNext(endMs: number): Promise<boolean> {
    const timer = this.#timers.peek();
    if (timer === undefined || timer.deadlineMs > endMs) return false;
    this.#timers.pop();
    this.#elapsedMs = timer.deadlineMs;
    timer.callback();
    await this.settle();
    return true;
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#moving) throw new AssertionError("virtual time is moved from two places at once");
    this.#moving = true;
    try {
      return await work();
    } finally {
      this.#moving = false;
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
