import type { Clock, Timer } from "../../base/index.ts";
import { must } from "../../base/index.ts";
import type { Revision } from "../contract.ts";

interface Deadline {
  readonly key: string;
  /** Monotonic milliseconds. */
  readonly at: number;
  /** The value whose life ends then; another one may have taken its place. */
  readonly modRevision: Revision;
}

/** How many keys may go in one turn of the event loop. */
const KEYS_PER_TURN = 500;
/** Deadlines closer than this share a timer. */
const GRANULARITY_MS = 100;

/** Knows which keys must go, and when. A deadline that was superseded is dropped when it is met. */
export class Expiry {
  readonly #clock: Clock;
  readonly #expire: (key: string, modRevision: Revision) => void;
  #heap: Deadline[] = [];
  readonly #current = new Map<string, Deadline>();
  #timer: Timer | undefined;
  #timerAt = Infinity;

  constructor(clock: Clock, expire: (key: string, modRevision: Revision) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  /** `afterMs` counts from now and may be negative. */
  set(key: string, modRevision: Revision, afterMs: number): void {
    const deadline = { key, modRevision, at: this.#clock.monotonic() + Math.max(0, afterMs) };
    this.#current.set(key, deadline);
    this.#pushHeap(deadline);
    if (this.#heap.length > 2 * this.#current.size + 64) this.#rebuild();
    this.#arm();
  }

  clear(key: string): void {
    if (this.#current.size > 0) this.#current.delete(key);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#heap = [];
    this.#current.clear();
  }

  #arm(): void {
    const next = this.#heap[0];
    if (next === undefined || next.at >= this.#timerAt - GRANULARITY_MS) return;
    this.#timer?.cancel();
    this.#timerAt = next.at;
    this.#timer = this.#clock.after(Math.max(0, next.at - this.#clock.monotonic()), () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    const now = this.#clock.monotonic();
    for (let count = 0; count < KEYS_PER_TURN && (this.#heap[0]?.at ?? Infinity) <= now; count++) {
      const deadline = this.#popHeap();
      if (this.#current.get(deadline.key) !== deadline) continue;
      this.#current.delete(deadline.key);
      this.#expire(deadline.key, deadline.modRevision);
    }
    this.#arm();
  }

  #rebuild(): void {
    this.#heap = [...this.#current.values()].sort((left, right) => left.at - right.at);
  }

  #pushHeap(deadline: Deadline): void {
    const heap = this.#heap;
    let index = heap.push(deadline) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = heap[parent] as Deadline;
      if (above.at <= deadline.at) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = deadline;
  }

  #popHeap(): Deadline {
    const heap = this.#heap;
    const top = must(heap[0], "heap is not empty");
    const last = must(heap.pop(), "heap is not empty");
    let index = 0;
    while (heap.length > 0) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Deadline).at < (heap[child] as Deadline).at) child++;
      if ((heap[child] as Deadline).at >= last.at) break;
      heap[index] = heap[child] as Deadline;
      index = child;
    }
    if (heap.length > 0) heap[index] = last;
    return top;
  }
}
