/**
 * What can go wrong with a store besides the errors of the contract. `retryable` says whether the same call may
 * succeed later on the same store.
 */
export class StoreError extends Error {
  readonly retryable: boolean;

  constructor(name: string, message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
    this.retryable = retryable;
  }
}

/** The caller asked for something no store can do: an empty key, the same key twice, a negative lifetime. */
export class InvalidRequestError extends StoreError {
  constructor(message: string) {
    super("InvalidRequestError", message, false);
  }
}

/** A transaction above the engine's limit (etcd's `--max-request-bytes`, 1.5 MiB by default). */
export class RequestTooLargeError extends StoreError {
  constructor(bytes: number, limit: number) {
    super("RequestTooLargeError", `request of ${bytes} bytes is above the store's limit of ${limit}`, false);
  }
}

export class StoreClosedError extends StoreError {
  constructor() {
    super("StoreClosedError", "store is closed", false);
  }
}

/** Another process (or another store of this process) has the file open. */
export class StoreLockedError extends StoreError {
  constructor(path: string, options?: ErrorOptions) {
    super("StoreLockedError", `store file ${path} is in use by another process`, false, options);
  }
}

/** The file is not a store, or its contents are damaged. Restore a backup. */
export class StoreCorruptError extends StoreError {
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super("StoreCorruptError", `store file ${path} is damaged: ${reason}`, false, options);
  }
}

/** No space left for the file. Nothing was written; reads go on, and writes do again once there is space. */
export class StoreFullError extends StoreError {
  constructor(where: string, options?: ErrorOptions) {
    super("StoreFullError", `no space left for the store at ${where}`, true, options);
  }
}

/** A write whose fate is unknown, and every write after it: the store must be opened again. */
export class StoreFailedError extends StoreError {
  constructor(reason: string, options?: ErrorOptions) {
    super("StoreFailedError", `store failed: ${reason}`, false, options);
  }
}

/** No endpoint answered in time. The fate of a write is unknown. */
export class StoreUnavailableError extends StoreError {
  constructor(reason: string, options?: ErrorOptions) {
    super("StoreUnavailableError", `store is unavailable: ${reason}`, true, options);
  }
}
