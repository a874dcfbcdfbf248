/** Collects machine code; jumps and addresses are patched once every label is known. */
export class Assembler {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #patches: (() => void)[] = [];

  get position(): number {
    return this.#bytes.length;
  }

  emit(...bytes: readonly number[]): void {
    this.#bytes.push(...bytes);
  }

  /** Little-endian. */
  emit32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push((value >>> shift) & 0xff);
  }

  emit64(value: bigint): void {
    this.emit32(Number(value & 0xffff_ffffn));
    this.emit32(Number(value >> 32n));
  }

  label(name: string): void {
    this.#labels.set(name, this.position);
  }

  /** Emits 32 bits that depend on the distance, in bytes, from this instruction to a label. */
  emitRelative32(label: string, from: number, encode: (distance: number) => number): void {
    const at = this.position;
    this.emit32(0);
    this.#patches.push(() => {
      const target = this.#labels.get(label);
      if (target === undefined) throw new Error(`no label ${label}`);
      const value = encode(target - from);
      for (let byte = 0; byte < 4; byte++) this.#bytes[at + byte] = (value >>> (8 * byte)) & 0xff;
    });
  }

  finish(): Uint8Array {
    for (const patch of this.#patches) patch();
    return Uint8Array.from(this.#bytes);
  }
}
