/** A binary heap whose items can be found and taken out by key. */
export class KeyedHeap<T> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #keyOf: (item: T) => string;
  readonly #items: T[] = [];
  readonly #positions = new Map<string, number>();

  constructor(keyOf: (item: T) => string, before: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf;
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  get(key: string): T | undefined {
    const position = this.#positions.get(key);
    return position === undefined ? undefined : this.#items[position];
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds the item, or replaces the one with its key. */
  push(item: T): void {
    const key = this.#keyOf(item);
    const position = this.#positions.get(key);
    if (position === undefined) {
      this.#items.push(item);
      this.#positions.set(key, this.#items.length - 1);
      this.#up(this.#items.length - 1);
      return;
    }
    this.#items[position] = item;
    this.#down(this.#up(position));
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.delete(this.#keyOf(first));
    return first;
  }

  delete(key: string): T | undefined {
    const position = this.#positions.get(key);
    if (position === undefined) return undefined;
    const item = this.#items[position];
    const last = this.#items.pop();
    this.#positions.delete(key);
    if (last !== undefined && position < this.#items.length) {
      this.#put(last, position);
      this.#down(this.#up(position));
    }
    return item;
  }

  values(): readonly T[] {
    return this.#items;
  }

  #put(item: T, position: number): void {
    this.#items[position] = item;
    this.#positions.set(this.#keyOf(item), position);
  }

  #up(from: number): number {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (!this.#isBefore(position, parent)) break;
      this.#swap(position, parent);
      position = parent;
    }
    return position;
  }

  #down(from: number): void {
    let position = from;
    for (;;) {
      const left = 2 * position + 1;
      const smaller = left + 1 < this.#items.length && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (smaller >= this.#items.length || !this.#isBefore(smaller, position)) return;
      this.#swap(position, smaller);
      position = smaller;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#items[a], this.#items[b]];
    return first !== undefined && second !== undefined && this.#before(first, second);
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#items[a], this.#items[b]];
    if (first === undefined || second === undefined) return;
    this.#put(second, a);
    this.#put(first, b);
  }
}
