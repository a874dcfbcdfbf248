/**
 * What the API server asks of a store: the part of etcd that Kubernetes needs, and nothing more.
 *
 * One global revision, strictly increasing by one per committed transaction. Keys are strings such as
 * `/registry/pods/default/web`, ordered by their UTF-8 bytes. Values are opaque bytes that nobody changes after
 * handing them over, in either direction.
 */

export type Revision = number;

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** The revision of the transaction that wrote this value. */
  readonly modRevision: Revision;
  /** The revision at which the key came into being (since its last deletion). */
  readonly createRevision: Revision;
}

export interface ListOptions {
  /** At most so many entries; 0 or absent means all. */
  readonly limit?: number;
  /** Only keys after this one. */
  readonly startAfter?: string;
  /** Read as of this revision. Throws `CompactedError` or `FutureRevisionError`. Default: now. */
  readonly revision?: Revision;
}

export interface ListResult {
  readonly entries: readonly Entry[];
  /** The revision this list is true at. */
  readonly revision: Revision;
  /** More keys follow the last entry. */
  readonly more: boolean;
  /** How many keys the prefix holds after the last entry; `undefined` when the store cannot tell cheaply. */
  readonly remaining?: number;
}

/** What must hold for a transaction to be carried out: the key's mod revision, 0 for "does not exist". */
export interface Precondition {
  readonly key: string;
  readonly modRevision: Revision;
}

export type Operation =
  | {
      readonly type: "put";
      readonly key: string;
      readonly value: Uint8Array /** Seconds; the key goes by itself. */;
      readonly ttlSeconds?: number;
    }
  | { readonly type: "delete"; readonly key: string };

export type TransactionResult =
  | { readonly committed: true; readonly revision: Revision }
  /** The first precondition that did not hold, and what stands there instead. */
  | {
      readonly committed: false;
      readonly revision: Revision;
      readonly key: string;
      readonly current: Entry | undefined;
    };

export type WatchEvent =
  | { readonly type: "put"; readonly entry: Entry; readonly previous: Entry | undefined }
  | { readonly type: "delete"; readonly key: string; readonly revision: Revision; readonly previous: Entry };

/** All events of one revision below the prefix, or (with no events) the news that the watch has reached it. */
export interface WatchBatch {
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
}

export interface Watch extends AsyncIterable<WatchBatch> {
  /**
   * Asks for a batch without events as soon as everything up to the store's newest revision has been handed out: what
   * a cache waits for to answer a consistent read. Requests that are made together are answered together.
   */
  requestProgress(): void;
  /** Ends the iteration without an error. */
  close(): void;
}

export interface Store {
  /** The newest durable revision; a linearizable read. */
  currentRevision(): Promise<Revision>;
  get(key: string): Promise<Entry | undefined>;
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /**
   * All or nothing. A put or delete outside `preconditions` is unconditional; deleting nothing commits without a
   * new revision. Resolves only when the change is durable. A conflict is a result, not an error. A key is named at
   * most once among the operations.
   */
  transact(preconditions: readonly Precondition[], operations: readonly Operation[]): Promise<TransactionResult>;
  /**
   * Every change below the prefix after `afterRevision`, in order, gapless. Throws `CompactedError` from the
   * iteration when that past is gone, and `WatchOverflowError` when the reader is too slow (limit: see options
   * of the engine). Batches without events (progress) come at least every `progressMs` when nothing changes; without
   * `progressMs`, only when asked for.
   */
  watch(prefix: string, afterRevision: Revision, options?: { readonly progressMs?: number }): Watch;
  /**
   * Forgets superseded values up to and including `revision`; reads and watches below it fail from then on. Doing it
   * again is harmless. Throws `FutureRevisionError`.
   */
  compact(revision: Revision): Promise<void>;
  /** Bytes on disk (or in memory). */
  size(): Promise<number>;
  /** Waits for writes in flight, ends every watch without an error, and rejects every later call. Idempotent. */
  close(): Promise<void>;
}

export class CompactedError extends Error {
  readonly compactRevision: Revision;

  constructor(compactRevision: Revision) {
    super("required revision has been compacted");
    this.name = "CompactedError";
    this.compactRevision = compactRevision;
  }
}

export class FutureRevisionError extends Error {
  readonly currentRevision: Revision;

  constructor(currentRevision: Revision) {
    super("required revision is a future revision");
    this.name = "FutureRevisionError";
    this.currentRevision = currentRevision;
  }
}

export class WatchOverflowError extends Error {
  constructor() {
    super("watch reader fell too far behind");
    this.name = "WatchOverflowError";
  }
}
