/** Sets of completion indexes, written as `1,3-5,7`. */
export class IndexSet {
  readonly #indexes: Set<number>;

  constructor(indexes: Iterable<number> = []) {
    this.#indexes = new Set(indexes);
  }

  /** Reads the form above; indexes from `limit` on are left out, and so is what cannot be read. */
  static parse(text: string | undefined, limit: number): IndexSet {
    const indexes: number[] = [];
    for (const part of (text ?? "").split(",")) {
      const found = /^([0-9]+)(?:-([0-9]+))?$/.exec(part);
      if (found === null) continue;
      const first = Number(found[1]);
      const last = Math.min(Number(found[2] ?? first), limit - 1);
      for (let index = first; index <= last; index += 1) indexes.push(index);
    }
    return new IndexSet(indexes);
  }

  get size(): number {
    return this.#indexes.size;
  }

  has(index: number): boolean {
    return this.#indexes.has(index);
  }

  with(indexes: Iterable<number>): IndexSet {
    return new IndexSet([...this.#indexes, ...indexes]);
  }

  toString(): string {
    const parts: string[] = [];
    const sorted = [...this.#indexes].sort((a, b) => a - b);
    for (let start = 0; start < sorted.length; ) {
      let end = start;
      while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end += 1;
      // Two in a row are written one by one, as upstream does.
      if (end === start) parts.push(`${sorted[start]}`);
      else parts.push(end === start + 1 ? `${sorted[start]},${sorted[end]}` : `${sorted[start]}-${sorted[end]}`);
      start = end + 1;
    }
    return parts.join(",");
  }
}
