import { messageOf } from "../../base/index.ts";
import { checkTransaction } from "../check-transaction.ts";
import {
  type Entry,
  type ListOptions,
  type ListResult,
  type Operation,
  type Precondition,
  type Revision,
  type Store,
  type TransactionResult,
  type Watch,
  type WatchEvent,
} from "../contract.ts";
import { StoreClosedError, StoreFailedError } from "../errors.ts";
import { atLeast, type ResolvedLocalOptions } from "../options.ts";
import { AutoCompaction } from "./auto-compaction.ts";
import { Expiry } from "./expiry.ts";
import type { Journal, JournalListener, Transaction } from "./journal.ts";
import { keyOf, LocalWatch } from "./local-watch.ts";
import { Pending } from "./pending.ts";
import { VersionedMap } from "./versioned-map.ts";
import { WatchHub } from "./watch-hub.ts";

/** A key that the engine found when it opened. */
export interface LoadedEntry {
  readonly entry: Entry;
  /** Wall time in milliseconds. */
  readonly deadlineMs: number | undefined;
}

/** How long an expiry that the journal refused waits for its next attempt. */
const EXPIRY_RETRY_MS = 10_000;

/**
 * A store whose head is in this process. Writes are checked against the head as it will be (durable state and what
 * is on its way), so a conflict is found at once; readers and watches see durable state only.
 */
export class LocalStore implements Store {
  readonly #options: ResolvedLocalOptions;
  readonly #journal: Journal;
  readonly #versions: VersionedMap;
  readonly #pending = new Pending();
  readonly #hub = new WatchHub();
  readonly #expiry: Expiry;
  readonly #compaction: AutoCompaction;
  /** The revision of the newest transaction handed to the journal. */
  #assigned: Revision;
  #refusal: Error | undefined;
  #closing: Promise<void> | undefined;

  /** `revision` is the newest durable one; history begins after it, or with it if nothing was written yet. */
  constructor(options: ResolvedLocalOptions, revision: Revision, openJournal: (listener: JournalListener) => Journal) {
    this.#options = options;
    this.#versions = new VersionedMap(revision);
    this.#assigned = revision;
    this.#expiry = new Expiry(options.clock, (key, modRevision) => this.#expire(key, modRevision));
    this.#compaction = new AutoCompaction(options.clock, options.compactionIntervalMs, (upTo) => {
      this.#versions.compact(upTo);
    });
    this.#journal = openJournal({
      durable: (upTo) => this.#pending.settle(upTo, (transaction) => this.#apply(transaction)),
      failed: (error, final) => this.#fail(error, final),
    });
  }

  /** Takes over what was found on disk, in the order of the keys, before the store is used. */
  load(loaded: readonly LoadedEntry[]): void {
    for (const { entry, deadlineMs } of loaded) {
      this.#versions.load(entry);
      if (deadlineMs !== undefined) {
        this.#expiry.set(entry.key, entry.modRevision, deadlineMs - this.#options.clock.now());
      }
    }
  }

  currentRevision(): Promise<Revision> {
    return this.#answer(() => this.#versions.revision);
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#answer(() => this.#versions.get(key));
  }

  list(prefix: string, options?: ListOptions): Promise<ListResult> {
    return this.#answer(() => this.#versions.list(prefix, options));
  }

  transact(preconditions: readonly Precondition[], operations: readonly Operation[]): Promise<TransactionResult> {
    try {
      if (this.#refusal !== undefined) throw this.#refusal;
      checkTransaction(preconditions, operations, this.#options.requestBytesMax);
    } catch (error) {
      return Promise.reject(error);
    }
    for (const { key, modRevision } of preconditions) {
      const current = this.#head(key);
      if ((current?.modRevision ?? 0) !== modRevision) return this.#conflict(key, current);
    }
    return this.#commit(operations);
  }

  watch(prefix: string, afterRevision: Revision, options: { readonly progressMs?: number } = {}): Watch {
    const watch = new LocalWatch({
      prefix,
      afterRevision,
      progressMs: atLeast(0, "progressMs", options.progressMs ?? 0),
      backlogMax: this.#options.watchBacklogMax,
      clock: this.#options.clock,
      history: this.#versions,
      onEnd: (ended) => this.#hub.remove(ended),
    });
    if (this.#closing === undefined) this.#hub.add(watch);
    else watch.close();
    return watch;
  }

  compact(revision: Revision): Promise<void> {
    return this.#answer(() => this.#versions.compact(revision));
  }

  size(): Promise<number> {
    return this.#closing === undefined ? this.#journal.size() : Promise.reject(new StoreClosedError());
  }

  /** Bytes of live values and of history in memory. */
  get memoryBytes(): number {
    return this.#versions.valueBytes + this.#versions.historyBytes;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#refusal = new StoreClosedError();
    await this.#journal.close();
    // Only now: the last writes that became durable may have set timers.
    this.#expiry.stop();
    this.#compaction.stop();
    this.#hub.closeAll();
  }

  /** Runs a synchronous read; whatever it throws becomes a rejection. */
  #answer<T>(read: () => T): Promise<T> {
    try {
      return this.#closing === undefined ? Promise.resolve(read()) : Promise.reject(new StoreClosedError());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #head(key: string): Entry | undefined {
    const pending = this.#pending.state(key);
    return pending === undefined ? this.#versions.get(key) : pending.entry;
  }

  /** What stands in the way is shown only once it is durable itself. */
  #conflict(key: string, current: Entry | undefined): Promise<TransactionResult> {
    const revision = this.#pending.state(key)?.revision;
    if (revision !== undefined) {
      return this.#pending.add(revision, undefined, { committed: false, revision, key, current });
    }
    return Promise.resolve({ committed: false, revision: this.#versions.revision, key, current });
  }

  #commit(operations: readonly Operation[]): Promise<TransactionResult> {
    const revision = this.#assigned + 1;
    const events: WatchEvent[] = [];
    for (const operation of operations) {
      const event = this.#event(operation, revision);
      if (event !== undefined) events.push(event);
    }
    if (events.length === 0) return this.#committedWithoutChange();
    this.#assigned = revision;
    const transaction: Transaction = { batch: { revision, events }, deadlines: this.#deadlines(operations) };
    const answer = this.#pending.add(revision, transaction, { committed: true, revision });
    this.#journal.append(transaction);
    return answer;
  }

  #committedWithoutChange(): Promise<TransactionResult> {
    const result: TransactionResult = { committed: true, revision: this.#assigned };
    return this.#pending.empty ? Promise.resolve(result) : this.#pending.add(this.#assigned, undefined, result);
  }

  #event(operation: Operation, revision: Revision): WatchEvent | undefined {
    const { key } = operation;
    const previous = this.#head(key);
    if (operation.type === "put") {
      const createRevision = previous?.createRevision ?? revision;
      const entry: Entry = { key, value: operation.value, modRevision: revision, createRevision };
      return { type: "put", entry, previous };
    }
    return previous === undefined ? undefined : { type: "delete", key, revision, previous };
  }

  #deadlines(operations: readonly Operation[]): ReadonlyMap<string, number> | undefined {
    let deadlines: Map<string, number> | undefined;
    for (const operation of operations) {
      if (operation.type !== "put" || operation.ttlSeconds === undefined) continue;
      deadlines ??= new Map();
      deadlines.set(operation.key, this.#options.clock.now() + operation.ttlSeconds * 1000);
    }
    return deadlines;
  }

  /** A transaction became durable. */
  #apply({ batch, deadlines }: Transaction): void {
    this.#versions.apply(batch);
    for (const event of batch.events) {
      const key = keyOf(event);
      const deadlineMs = deadlines?.get(key);
      if (deadlineMs === undefined) this.#expiry.clear(key);
      else this.#expiry.set(key, batch.revision, deadlineMs - this.#options.clock.now());
    }
    this.#hub.publish(batch);
    this.#versions.compactToBytes(this.#options.historyBytesMax);
    this.#compaction.noteRevision(batch.revision);
  }

  #fail(error: Error, final: boolean): void {
    this.#assigned = this.#versions.revision;
    if (final && this.#closing === undefined) this.#refusal = new StoreFailedError(messageOf(error), { cause: error });
    this.#pending.fail(error);
  }

  #expire(key: string, modRevision: Revision): void {
    this.transact([{ key, modRevision }], [{ type: "delete", key }]).catch(() => {
      // Full disk: the key stays visible, and goes later. A store that closes or failed keeps the deadline on disk.
      if (this.#refusal === undefined) this.#expiry.set(key, modRevision, EXPIRY_RETRY_MS);
    });
  }
}
