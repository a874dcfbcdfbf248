import { SeededRandom } from "../../src/base/index.ts";

/** Repeatable choices. */
export class Choice {
  readonly #random: SeededRandom;

  constructor(seed: string) {
    this.#random = new SeededRandom(seed);
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** From 0 to just below `count`. */
  below(count: number): number {
    return Math.floor(this.#random.next() * count);
  }

  of<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }

  /** Some bytes changed, sometimes the end cut off. */
  damaged(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    for (let times = 1 + this.below(4); times > 0; times -= 1) copy[this.below(copy.length)] = this.below(256);
    return this.chance(0.2) ? copy.subarray(0, this.below(copy.length)) : copy;
  }
}
