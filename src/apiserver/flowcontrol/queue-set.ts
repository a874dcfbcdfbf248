import { DemandIntegrator, type ObservedDemand } from "./seat-demand.ts";
import { dealHand } from "./shuffle-shard.ts";

export interface QueueSetConfig {
  /** 0: nothing waits, what finds no free seat is refused. */
  readonly queues: number;
  readonly handSize: number;
  /** Requests that may wait in one queue. */
  readonly queueLengthLimit: number;
}

export type Refusal = "queue-full" | "concurrency-limit";

/** One request inside a queue set. */
export interface Ticket<T> {
  readonly data: T;
  /** Seats it takes while it executes. */
  readonly seats: number;
  readonly arrivedMs: number;
  startedMs: number | undefined;
  readonly queue: Queue<T> | undefined;
}

export interface Queue<T> {
  readonly index: number;
  readonly waiting: Ticket<T>[];
  waitingSeats: number;
  executing: number;
  seatsInUse: number;
  /** Virtual time at which the next request of the queue would start, in seat-seconds. */
  nextDispatchR: number;
}

export type Arrival<T> =
  | { readonly type: "executing"; readonly ticket: Ticket<T> }
  | { readonly type: "queued"; readonly ticket: Ticket<T> }
  | { readonly type: "refused"; readonly reason: Refusal };

/** Seconds that a request is taken to last until it has ended. Upstream: `estimatedServiceDuration`. */
const guessedSeconds = 0.003;

/**
 * The fair queues of one priority level: fair queuing for server requests, as upstream's design describes it. Time
 * and everything else comes in as arguments, so that a transcript of calls says all.
 *
 * Virtual time `R` runs as fast as each busy queue gets served. A queue's next request starts, virtually, when those
 * before it have had their share; of all heads the one that would end first goes first.
 */
export class QueueSet<T> {
  /** Seats in use and waited for, as they change. */
  readonly #demand = new DemandIntegrator();
  readonly #queues: Queue<T>[] = [];
  #config: QueueSetConfig;
  #limit: number;
  #lastMs: number;
  #virtual = 0;
  #seatsInUse = 0;
  #waitingSeats = 0;
  #waiting = 0;
  #executing = 0;
  #busy = 0;
  #turn = 0;

  constructor(config: QueueSetConfig, limit: number, nowMs: number) {
    this.#config = config;
    this.#limit = limit;
    this.#lastMs = nowMs;
    this.#grow();
  }

  get waiting(): number {
    return this.#waiting;
  }

  get executing(): number {
    return this.#executing;
  }

  get seatsInUse(): number {
    return this.#seatsInUse;
  }

  get limit(): number {
    return this.#limit;
  }

  get queues(): readonly Queue<T>[] {
    return this.#queues;
  }

  /** Requests that wait in queues which are no longer dealt keep their place. Returns what may start now. */
  configure(config: QueueSetConfig, limit: number, nowMs: number): readonly Ticket<T>[] {
    this.#advance(nowMs);
    this.#config = config;
    this.#limit = limit;
    this.#grow();
    return this.#dispatch(nowMs);
  }

  /** The demand of the period that ends now. */
  takeDemand(nowMs: number): ObservedDemand {
    this.#advance(nowMs);
    return this.#demand.take();
  }

  /** Lends or takes back seats. Returns what may start now. */
  resize(limit: number, nowMs: number): readonly Ticket<T>[] {
    if (limit === this.#limit) return none;
    this.#advance(nowMs);
    this.#limit = limit;
    return this.#dispatch(nowMs);
  }

  arrive(data: T, hash: number, seats: number, nowMs: number): Arrival<T> {
    this.#advance(nowMs);
    const free = this.#waiting === 0 && this.#fits(seats);
    if (this.#config.queues === 0) {
      if (!free) return { type: "refused", reason: "concurrency-limit" };
      const ticket: Ticket<T> = { data, seats, arrivedMs: nowMs, startedMs: undefined, queue: undefined };
      this.#start(ticket, nowMs);
      return { type: "executing", ticket };
    }
    const queue = this.#choose(hash);
    const full = queue.waiting.length >= this.#config.queueLengthLimit && this.#seatsInUse >= this.#limit;
    if (full) return { type: "refused", reason: "queue-full" };
    if (queue.waiting.length === 0 && queue.executing === 0) {
      queue.nextDispatchR = this.#virtual;
      this.#busy++;
    }
    const ticket: Ticket<T> = { data, seats, arrivedMs: nowMs, startedMs: undefined, queue };
    if (free) {
      this.#start(ticket, nowMs);
      return { type: "executing", ticket };
    }
    queue.waiting.push(ticket);
    queue.waitingSeats += seats;
    this.#waitingSeats += seats;
    this.#waiting++;
    this.#demandChanged();
    return { type: "queued", ticket };
  }

  /** Returns what may start now, started. */
  finish(ticket: Ticket<T>, nowMs: number): readonly Ticket<T>[] {
    this.#advance(nowMs);
    const { queue, seats, startedMs = nowMs } = ticket;
    this.#seatsInUse -= seats;
    this.#executing--;
    this.#demandChanged();
    if (queue !== undefined) {
      queue.seatsInUse -= seats;
      queue.executing--;
      // The guess gives way to what it really took.
      queue.nextDispatchR -= seats * (guessedSeconds - (nowMs - startedMs) / 1000);
      this.#settle(queue);
    }
    return this.#waiting === 0 ? none : this.#dispatch(nowMs);
  }

  /** Takes a request out that waits no longer. False when it was not waiting. */
  withdraw(ticket: Ticket<T>, nowMs: number): boolean {
    const { queue } = ticket;
    const at = queue?.waiting.indexOf(ticket) ?? -1;
    if (queue === undefined || at < 0) return false;
    this.#advance(nowMs);
    queue.waiting.splice(at, 1);
    this.#unqueue(queue, ticket);
    this.#settle(queue);
    return true;
  }

  #grow(): void {
    while (this.#queues.length < this.#config.queues) {
      const index = this.#queues.length;
      this.#queues.push({ index, waiting: [], waitingSeats: 0, executing: 0, seatsInUse: 0, nextDispatchR: 0 });
    }
  }

  #advance(nowMs: number): void {
    const seconds = (nowMs - this.#lastMs) / 1000;
    this.#lastMs = nowMs;
    if (seconds <= 0) return;
    this.#demand.passed(seconds);
    if (this.#busy === 0) return;
    this.#virtual += (seconds * Math.min(this.#seatsInUse + this.#waitingSeats, this.#limit)) / this.#busy;
  }

  /** A request wider than the limit runs alone. */
  #fits(seats: number): boolean {
    return this.#seatsInUse === 0 ? this.#limit > 0 : this.#seatsInUse + seats <= this.#limit;
  }

  /** Of the flow's hand, the queue with the least to do. */
  #choose(hash: number): Queue<T> {
    const { queues, handSize } = this.#config;
    let best: Queue<T> | undefined;
    dealHand(hash, queues, Math.min(handSize, queues), (card) => {
      const queue = this.#queues[card];
      if (queue === undefined) return;
      const load = queue.waitingSeats + queue.seatsInUse;
      if (best === undefined || load < best.waitingSeats + best.seatsInUse) best = queue;
    });
    if (best === undefined) throw new Error("broken invariant: a hand holds at least one queue");
    return best;
  }

  #dispatch(nowMs: number): readonly Ticket<T>[] {
    const started: Ticket<T>[] = [];
    while (this.#waiting > 0) {
      const queue = this.#next();
      const head = queue?.waiting[0];
      if (queue === undefined || head === undefined || !this.#fits(head.seats)) break;
      queue.waiting.shift();
      this.#unqueue(queue, head);
      this.#start(head, nowMs);
      this.#turn = queue.index;
      started.push(head);
    }
    return started;
  }

  /** The queue whose head would virtually end first; among equals the next in turn. */
  #next(): Queue<T> | undefined {
    let best: Queue<T> | undefined;
    let bestEnd = Number.POSITIVE_INFINITY;
    for (let step = 1; step <= this.#queues.length; step++) {
      const queue = this.#queues[(this.#turn + step) % this.#queues.length];
      const head = queue?.waiting[0];
      if (queue === undefined || head === undefined) continue;
      const end = queue.nextDispatchR + head.seats * guessedSeconds;
      if (end < bestEnd) [best, bestEnd] = [queue, end];
    }
    return best;
  }

  #start(ticket: Ticket<T>, nowMs: number): void {
    const { queue, seats } = ticket;
    ticket.startedMs = nowMs;
    this.#seatsInUse += seats;
    this.#executing++;
    this.#demandChanged();
    if (queue === undefined) return;
    queue.seatsInUse += seats;
    queue.executing++;
    queue.nextDispatchR += seats * guessedSeconds;
  }

  #unqueue(queue: Queue<T>, { seats }: Ticket<T>): void {
    queue.waitingSeats -= seats;
    this.#waitingSeats -= seats;
    this.#waiting--;
    this.#demandChanged();
  }

  #demandChanged(): void {
    this.#demand.set(this.#seatsInUse + this.#waitingSeats);
  }

  #settle(queue: Queue<T>): void {
    if (queue.waiting.length === 0 && queue.executing === 0) this.#busy--;
  }
}

const none: readonly never[] = [];
