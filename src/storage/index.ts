export type {
  Entry,
  ListOptions,
  ListResult,
  Operation,
  Precondition,
  Revision,
  Store,
  TransactionResult,
  Watch,
  WatchBatch,
  WatchEvent,
} from "./contract.ts";
export { CompactedError, FutureRevisionError, WatchOverflowError } from "./contract.ts";
export {
  InvalidRequestError,
  RequestTooLargeError,
  StoreClosedError,
  StoreCorruptError,
  StoreError,
  StoreFailedError,
  StoreFullError,
  StoreLockedError,
  StoreUnavailableError,
} from "./errors.ts";
export { compareKeys } from "./keys.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory/memory-store.ts";
export {
  openSqliteStore,
  type RestoreOptions,
  restoreSqliteStore,
  type SqliteStore,
  type SqliteStoreOptions,
} from "./sqlite/sqlite-store.ts";
export type { EtcdTls } from "./etcd/connection.ts";
export { connectEtcdStore } from "./etcd/connect.ts";
export type { EtcdStoreOptions } from "./etcd/options.ts";
