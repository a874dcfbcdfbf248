import { must } from "../../base/index.ts";
import type { Entry, Revision, TransactionResult } from "../contract.ts";
import { Deque } from "./deque.ts";
import type { Transaction } from "./journal.ts";
import { keyOf } from "./local-watch.ts";

interface Waiting {
  /** Answered as soon as this revision is durable. */
  readonly revision: Revision;
  readonly transaction: Transaction | undefined;
  readonly result: TransactionResult;
  readonly resolve: (result: TransactionResult) => void;
  readonly reject: (error: Error) => void;
}

/** A key as it will be once everything before it is durable. */
export interface PendingState {
  readonly revision: Revision;
  readonly entry: Entry | undefined;
}

/** Transactions handed to the journal and not durable yet, with the head as they will leave it. */
export class Pending {
  readonly #waiting = new Deque<Waiting>();
  readonly #states = new Map<string, PendingState>();

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  state(key: string): PendingState | undefined {
    return this.#states.size === 0 ? undefined : this.#states.get(key);
  }

  /** Resolves with the result when the revision is durable. */
  add(revision: Revision, transaction: Transaction | undefined, result: TransactionResult): Promise<TransactionResult> {
    for (const event of transaction?.batch.events ?? []) {
      if (event.type === "put") this.#states.set(event.entry.key, { revision, entry: event.entry });
      else this.#states.set(event.key, { revision, entry: undefined });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ revision, transaction, result, resolve, reject });
    });
  }

  /** Calls `apply` with each transaction up to the revision, in order, and then answers its writer. */
  settle(revision: Revision, apply: (transaction: Transaction) => void): void {
    while ((this.#waiting.at(0)?.revision ?? Infinity) <= revision) {
      const { transaction, result, resolve } = must(this.#waiting.shift(), "one is waiting");
      if (transaction !== undefined) {
        this.#forget(transaction);
        apply(transaction);
      }
      resolve(result);
    }
  }

  fail(error: Error): void {
    this.#states.clear();
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) {
      waiting.reject(error);
    }
  }

  #forget(transaction: Transaction): void {
    for (const event of transaction.batch.events) {
      const key = keyOf(event);
      if (this.#states.get(key)?.revision === transaction.batch.revision) this.#states.delete(key);
    }
  }
}
