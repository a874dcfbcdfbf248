import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { backup, DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { FileFailure } from "./failure.ts";
import { FrameWriter, readFrame } from "./frame.ts";
import type { DatabaseOptions } from "./protocol.ts";

/** "k8ts" in SQLite's header field for the application. */
const APPLICATION_ID = 0x6b387473;
const FORMAT_VERSION = 1;
const FIRST_REVISION = 1;
const PAGE_BYTES = 4096;
/** The log is copied into the file when it has so many pages: 4 MiB. */
const LOG_PAGES_MAX = 1024;
const CHUNK_BYTES = 512 * 1024;
/** Closing gives back 32 MiB at most; the rest can wait for the next quiet moment. */
const CLOSING_STEPS_MAX = 8;
const BACKUP_PAGES_PER_STEP = 256;

const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE entries (
    key TEXT NOT NULL UNIQUE,
    value BLOB NOT NULL,
    create_revision INTEGER NOT NULL,
    mod_revision INTEGER NOT NULL,
    deadline_ms INTEGER,
    checksum INTEGER NOT NULL
  );
  INSERT INTO meta VALUES ('revision', ${FIRST_REVISION});
  PRAGMA user_version = ${FORMAT_VERSION};
  PRAGMA application_id = ${APPLICATION_ID};`;

/**
 * The database file, seen from the worker thread; every call blocks. It holds the live keys and the newest revision.
 * History is not kept on disk, so the file is bounded by the live data. Opened exclusively.
 */
export class DatabaseFile {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #setRevision: StatementSync;

  private constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
    this.#put = database.prepare(`INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
      value = excluded.value, create_revision = excluded.create_revision, mod_revision = excluded.mod_revision,
      deadline_ms = excluded.deadline_ms, checksum = excluded.checksum`);
    this.#delete = database.prepare("DELETE FROM entries WHERE key = ?");
    this.#setRevision = database.prepare("UPDATE meta SET value = ? WHERE name = 'revision'");
  }

  /** Creates the file, for its owner only, when it is not there. Throws errors that `describeFailure` understands. */
  static open(options: DatabaseOptions): DatabaseFile {
    // Never opened when it exists: closing any descriptor of it would drop the locks that this process holds on it.
    if (!existsSync(options.path)) createPrivately(options.path);
    const database = new DatabaseSync(options.path, { timeout: options.lockWaitMs });
    try {
      prepareFile(database, options);
      return new DatabaseFile(options.path, database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  revision(): number {
    return readNumber(this.#database, "SELECT value FROM meta WHERE name = 'revision'");
  }

  /** All entries in the order of their keys, in frames of about half a megabyte. */
  *load(): Generator<Uint8Array<ArrayBuffer>> {
    const rows = this.#database.prepare(
      "SELECT key, value, create_revision, mod_revision, deadline_ms, checksum FROM entries ORDER BY key",
    );
    rows.setReturnArrays(true);
    const writer = new FrameWriter(CHUNK_BYTES + CHUNK_BYTES / 8);
    const revision = this.revision();
    for (const row of rows.iterate() as Iterable<unknown>) {
      writer.add(checkRow(row as readonly unknown[], revision));
      if (writer.length >= CHUNK_BYTES) yield writer.take();
    }
    if (writer.count > 0) yield writer.take();
  }

  /** All or nothing. Throws when nothing was written, or (an input or output error) when that is unknown. */
  commit(frames: readonly Uint8Array<ArrayBuffer>[], revision: number): void {
    const database = this.#database;
    database.exec("BEGIN IMMEDIATE");
    try {
      for (const frame of frames) this.#write(frame);
      this.#setRevision.run(revision);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Copies the log into the file when it has grown long, and gives free pages back when there are many of them. */
  tidy(): void {
    const log = this.#database.prepare("PRAGMA wal_checkpoint(NOOP)").get() as { log: number };
    if (log.log < LOG_PAGES_MAX) return;
    this.#shrink(1 / 3, 512);
    this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /**
   * Done when nothing is being written: gives back free pages and empties the log. False when it is not done yet,
   * because one call takes some milliseconds at most.
   */
  tidyThoroughly(): boolean {
    const shrunk = this.#shrink(1 / 20, 1024);
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return !shrunk;
  }

  /** Bytes of the file and its log. */
  size(): number {
    const log = `${this.#path}-wal`;
    return statSync(this.#path).size + (existsSync(log) ? statSync(log).size : 0);
  }

  /**
   * A consistent copy. Writes may go on, but for its first step, which no transaction may be open for: `onStep` is
   * called after each step but the last.
   */
  async backup(path: string, onStep: () => void = () => {}): Promise<void> {
    if (existsSync(path)) throw new FileFailure("cannot-open", `${path} exists`);
    createPrivately(path);
    await backup(this.#database, path, { rate: BACKUP_PAGES_PER_STEP, progress: onStep });
  }

  /** Makes revisions go on well after any that clients of a lost newer state may have seen. */
  bumpRevision(by: number): void {
    this.#setRevision.run(this.revision() + by);
  }

  close(): void {
    for (let step = 0; step < CLOSING_STEPS_MAX && !this.tidyThoroughly(); step++);
    this.#database.close();
  }

  #write(frame: Uint8Array<ArrayBuffer>): void {
    for (const { key, value, createRevision, modRevision, deadlineMs } of readFrame(frame)) {
      if (value === undefined) this.#delete.run(key);
      else this.#put.run(key, value, createRevision, modRevision, deadlineMs ?? null, checksum(key, value));
    }
  }

  #shrink(freeShareMax: number, pagesPerStep: number): boolean {
    const free = readNumber(this.#database, "PRAGMA freelist_count");
    const all = readNumber(this.#database, "PRAGMA page_count");
    if (free <= 64 || free <= all * freeShareMax) return false;
    this.#database.exec(`PRAGMA incremental_vacuum(${pagesPerStep})`);
    return true;
  }
}

function createPrivately(path: string): void {
  closeSync(openSync(path, "ax", 0o600));
}

function checksum(key: string, value: Uint8Array): number {
  return crc32(value, crc32(key));
}

function checkRow(row: readonly unknown[], revisionMax: number) {
  const [key, value, createRevision, modRevision, deadlineMs, sum] = row;
  if (typeof key !== "string" || !(value instanceof Uint8Array))
    throw new FileFailure("corrupt", "an entry has no key");
  if (typeof createRevision !== "number" || typeof modRevision !== "number" || modRevision > revisionMax) {
    throw new FileFailure("corrupt", `entry ${key} has an impossible revision`);
  }
  if (checksum(key, value) !== sum) throw new FileFailure("corrupt", `the checksum of entry ${key} is wrong`);
  return {
    key,
    value,
    createRevision,
    modRevision,
    deadlineMs: typeof deadlineMs === "number" ? deadlineMs : undefined,
  };
}

function prepareFile(database: DatabaseSync, options: DatabaseOptions): void {
  // The order matters: a lock mode set before the file is read keeps the log's index in memory, where no other process
  // can take part; the page size and the vacuum mode are fixed by the first page that is written.
  database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
  database.exec(`PRAGMA max_page_count = ${Math.floor(options.fileBytesMax / PAGE_BYTES)}; PRAGMA cache_size = -8192`);
  database.exec("BEGIN IMMEDIATE");
  try {
    const application = readNumber(database, "PRAGMA application_id");
    const version = readNumber(database, "PRAGMA user_version");
    if (application === 0 && readNumber(database, "SELECT count(*) FROM sqlite_schema") === 0) database.exec(SCHEMA);
    else if (application !== APPLICATION_ID) throw new FileFailure("corrupt", "it is not a store's file");
    else if (version !== FORMAT_VERSION) throw new FileFailure("corrupt", `its format ${version} is not known`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function readNumber(database: DatabaseSync, sql: string): number {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  const row = statement.get() as unknown as readonly unknown[] | undefined;
  const value = row?.[0];
  if (typeof value !== "number") throw new FileFailure("corrupt", "the newest revision is missing");
  return value;
}
