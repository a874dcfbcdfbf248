/** The only source of randomness. Cryptographic in production, seeded in the simulator. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  bytes(count: number): Uint8Array;
  /** A version 4 UUID. */
  uuid(): string;
}
