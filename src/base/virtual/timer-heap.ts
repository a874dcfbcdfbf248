export interface VirtualTimer {
  readonly deadlineMs: number;
  readonly sequence: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** A binary heap by deadline, then sequence. Cancelled timers stay until they come up, but are not counted. */
export class TimerHeap {
  readonly #items: VirtualTimer[] = [];
  readonly #live = new Set<VirtualTimer>();

  get size(): number {
    return this.#live.size;
  }

  push(timer: VirtualTimer): void {
    this.#live.add(timer);
    let index = this.#items.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  cancel(timer: VirtualTimer): void {
    timer.cancelled = true;
    this.#live.delete(timer);
  }

  peek(): VirtualTimer | undefined {
    while (this.#items[0]?.cancelled === true) this.#removeFirst();
    return this.#items[0];
  }

  pop(): VirtualTimer | undefined {
    const first = this.peek();
    if (first === undefined) return undefined;
    this.#live.delete(first);
    this.#removeFirst();
    return first;
  }

  #removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let smallest = index;
      if (left < this.#items.length && this.#before(left, smallest)) smallest = left;
      if (right < this.#items.length && this.#before(right, smallest)) smallest = right;
      if (smallest === index) return;
      this.#swap(index, smallest);
      index = smallest;
    }
  }

  #before(left: number, right: number): boolean {
    const a = this.#items[left];
    const b = this.#items[right];
    if (a === undefined || b === undefined) return false;
    return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.sequence < b.sequence);
  }

  #swap(left: number, right: number): void {
    const a = this.#items[left];
    const b = this.#items[right];
    if (a === undefined || b === undefined) return;
    this.#items[left] = b;
    this.#items[right] = a;
  }
}
