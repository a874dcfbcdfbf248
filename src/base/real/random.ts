import { randomBytes, randomFillSync, randomUUID } from "node:crypto";
import type { Random } from "../random.ts";

const poolWords = 1024;

/** Cryptographic randomness. `next` draws from a pool, since one call to the system per number is slow. */
export class RealRandom implements Random {
  readonly #pool = new Uint32Array(poolWords);
  #used = poolWords;

  next(): number {
    if (this.#used + 2 > poolWords) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const high = (this.#pool[this.#used] ?? 0) >>> 6;
    const low = (this.#pool[this.#used + 1] ?? 0) >>> 5;
    this.#used += 2;
    return (high * 2 ** 27 + low) / 2 ** 53;
  }

  bytes(count: number): Uint8Array {
    return randomBytes(count);
  }

  uuid(): string {
    return randomUUID();
  }
}
