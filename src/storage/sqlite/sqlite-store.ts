import type { Worker } from "node:worker_threads";
import { must } from "../../base/index.ts";
import type { Revision, Store } from "../contract.ts";
import { StoreClosedError, StoreFailedError } from "../errors.ts";
import { LocalStore, type LoadedEntry } from "../mvcc/local-store.ts";
import {
  atLeast,
  COMPACTION_INTERVAL_MS,
  type LocalStoreOptions,
  type ResolvedLocalOptions,
  resolveLocalOptions,
} from "../options.ts";
import { toError } from "./to-error.ts";
import { readFrame } from "./frame.ts";
import { SqliteJournal, startWorker } from "./journal.ts";
import type { DatabaseOptions, Response } from "./protocol.ts";

export interface SqliteStoreOptions extends LocalStoreOptions {
  /** The database file. Its directory must exist; `-wal` is written beside it. */
  readonly path: string;
  /** Above this, writes that need space fail with `StoreFullError`. Default 8 GiB. */
  readonly fileBytesMax?: number;
  /** How long to wait for another process to let go of the file. Default 1,000. */
  readonly lockWaitMs?: number;
}

export interface SqliteStore extends Store {
  /** Writes a consistent copy to a path where nothing is yet, while the store goes on. */
  backup(path: string): Promise<void>;
}

export interface RestoreOptions {
  readonly backup: string;
  /** The store's file, which is replaced; no process may have it open. */
  readonly path: string;
  /**
   * How far the revision moves on, so that no client that saw a newer state than the backup's takes a new revision for
   * one it knows. Default 1,000,000.
   */
  readonly bumpRevision?: number;
}

type ResolvedSqliteOptions = ResolvedLocalOptions & DatabaseOptions;

function resolveDatabaseOptions(
  options: Pick<SqliteStoreOptions, "path" | "fileBytesMax" | "lockWaitMs">,
): DatabaseOptions {
  return Object.freeze({
    path: options.path,
    fileBytesMax: atLeast(64 * 1024, "fileBytesMax", options.fileBytesMax ?? 8 * 1024 ** 3),
    lockWaitMs: atLeast(0, "lockWaitMs", options.lockWaitMs ?? 1000),
  });
}

/**
 * Opens or creates a store in a file. Rejects with `StoreLockedError`, `StoreCorruptError`, `StoreFullError`, or a
 * `StoreError` of name `StoreOpenError`.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const resolved: ResolvedSqliteOptions = Object.freeze({
    ...resolveLocalOptions(options, { compactionIntervalMs: COMPACTION_INTERVAL_MS }),
    ...resolveDatabaseOptions(options),
  });
  const { path, fileBytesMax, lockWaitMs } = resolved;
  const worker = startWorker({ job: "serve", path, fileBytesMax, lockWaitMs });
  let store: SqliteLocalStore | undefined;
  await untilDone(worker, path, (response) => {
    if (response.type === "opened") store = new SqliteLocalStore(resolved, response.revision, worker);
    else if (response.type === "entries") must(store, "opened before entries").load([...loadedEntries(response.frame)]);
    return response.type === "loaded";
  });
  return must(store, "opened before loaded");
}

/** Puts a backup in the place of a store's file, after checking every entry of it. Resolves with the new revision. */
export async function restoreSqliteStore(options: RestoreOptions): Promise<Revision> {
  const database = resolveDatabaseOptions({ path: options.path });
  const bumpRevision = atLeast(0, "bumpRevision", options.bumpRevision ?? 1_000_000);
  const worker = startWorker({ job: "restore", from: options.backup, options: database, bumpRevision });
  let revision = 0;
  await untilDone(worker, options.path, (response) => {
    if (response.type === "answer") revision = response.value;
    return response.type === "answer";
  });
  await worker.terminate();
  return revision;
}

class SqliteLocalStore extends LocalStore implements SqliteStore {
  readonly #backup: (path: string) => Promise<void>;

  constructor(options: ResolvedSqliteOptions, revision: Revision, worker: Worker) {
    let journal: SqliteJournal | undefined;
    super(options, revision, (listener) => {
      journal = new SqliteJournal(worker, options, listener);
      return journal;
    });
    this.#backup = (path) => journal?.backup(path) ?? Promise.reject(new StoreClosedError());
  }

  backup(path: string): Promise<void> {
    return this.#backup(path);
  }
}

/** Feeds responses to the visitor until it says that this was the last. A worker that fails is ended. */
async function untilDone(worker: Worker, path: string, visit: (response: Response) => boolean): Promise<void> {
  try {
    await receiveUntil(worker, path, visit);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

function receiveUntil(worker: Worker, path: string, visit: (response: Response) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
      finish();
    };
    const onMessage = (response: Response): void => {
      if (response.type === "open-failed") settle(() => reject(toError(response.failure, path)));
      else if (visit(response)) settle(resolve);
    };
    const onError = (error: Error): void => settle(() => reject(new StoreFailedError(error.message, { cause: error })));
    const onExit = (): void => settle(() => reject(new StoreFailedError("its thread ended")));
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
  });
}

function* loadedEntries(frame: Uint8Array<ArrayBuffer>): Generator<LoadedEntry> {
  for (const { key, value, createRevision, modRevision, deadlineMs } of readFrame(frame)) {
    const bytes = must(value, "a loaded entry has a value");
    yield { entry: { key, value: bytes, createRevision, modRevision }, deadlineMs };
  }
}
