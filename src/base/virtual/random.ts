import type { Random } from "../random.ts";

/** Repeatable randomness (the sfc32 generator): the same seed gives the same numbers for ever. Not for secrets. */
export class SeededRandom implements Random {
  readonly #state: Uint32Array;

  constructor(seed: number | string) {
    this.#state = new Uint32Array([hash(String(seed)), 0x9e3779b9, 0x243f6a88, 1]);
    for (let round = 0; round < 16; round++) this.#word();
  }

  next(): number {
    return ((this.#word() >>> 5) * 2 ** 26 + (this.#word() >>> 6)) / 2 ** 53;
  }

  bytes(count: number): Uint8Array {
    const result = new Uint8Array(count);
    for (let index = 0; index < count; index++) result[index] = this.#word() >>> 24;
    return result;
  }

  uuid(): string {
    const hex = Buffer.from(this.bytes(16)).toString("hex");
    const variant = "89ab".charAt(Math.floor(this.next() * 4));
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      variant + hex.slice(17, 20),
      hex.slice(20),
    ].join("-");
  }

  /** An independent sequence, so that one part drawing more numbers does not change those of another. */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.#word()}/${label}`);
  }

  #word(): number {
    const state = this.#state;
    const [a = 0, b = 0, c = 0, counter = 0] = state;
    const sum = a + b + counter;
    state[3] = counter + 1;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  }
}

/** 32-bit FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
