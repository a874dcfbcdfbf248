import type { Revision, WatchBatch } from "../contract.ts";

export interface Transaction {
  readonly batch: WatchBatch;
  /** Wall time in milliseconds at which keys that were put here go by themselves. */
  readonly deadlines: ReadonlyMap<string, number> | undefined;
}

/** Told by a journal, in the order of the revisions. */
export interface JournalListener {
  /** Every transaction up to this revision is durable. */
  durable(revision: Revision): void;
  /**
   * No transaction appended so far and not reported durable will ever be. `final` means that the journal takes no
   * more; otherwise the next one appended takes up again after the last durable revision.
   */
  failed(error: Error, final: boolean): void;
}

/** Makes transactions durable, in order. */
export interface Journal {
  append(transaction: Transaction): void;
  /** Bytes on disk. */
  size(): Promise<number>;
  /** Resolves when everything appended is durable or has failed, and the resources are free. */
  close(): Promise<void>;
}
