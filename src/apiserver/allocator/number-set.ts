import type { Random } from "../../base/index.ts";
import { staticPartOf } from "./address-range.ts";
import type { Usage } from "./metrics.ts";

/** Which numbers of 0 … size-1 are taken. Free ones are given out at random, from the dynamic part first. */
export class NumberSet {
  readonly size: number;
  readonly #taken = new Set<number>();
  readonly #random: Random;

  constructor(size: number, random: Random) {
    this.size = size;
    this.#random = random;
  }

  get free(): number {
    return this.size - this.#taken.size;
  }

  get usage(): Usage {
    return { allocated: this.#taken.size, available: this.free };
  }

  has(number: number): boolean {
    return this.#taken.has(number);
  }

  /** False when it was taken already. */
  take(number: number): boolean {
    if (this.#taken.has(number)) return false;
    this.#taken.add(number);
    return true;
  }

  release(number: number): void {
    this.#taken.delete(number);
  }

  /** Takes any free number; undefined when there is none. */
  takeAny(): number | undefined {
    const number = this.anyFree([]);
    if (number !== undefined) this.#taken.add(number);
    return number;
  }

  /** Any free number but `except`. */
  anyFree(except: readonly number[]): number | undefined {
    const band = staticPartOf(this.size);
    return this.#freeBetween(band, this.size, except) ?? this.#freeBetween(0, band, except);
  }

  #freeBetween(from: number, to: number, except: readonly number[]): number | undefined {
    const length = to - from;
    if (length <= 0) return undefined;
    const start = Math.floor(this.#random.next() * length);
    for (let step = 0; step < length; step += 1) {
      const number = from + ((start + step) % length);
      if (!this.#taken.has(number) && !except.includes(number)) return number;
    }
    return undefined;
  }
}
