/**
 * Owns resources in the order they were made and releases them in reverse. Entering a resource after the scope
 * closed releases it at once. `close` is idempotent and reports every failure in one AggregateError.
 */
export interface Scope {
  /** Aborted at the start of `close`. */
  readonly signal: AbortSignal;
  /** Adds a release step and returns the resource. */
  own<T>(resource: T, release: (resource: T) => void | Promise<void>): T;
  /** Tracks work so that `close` waits for it. A rejection closes the scope and is reported by `failed`. */
  start(name: string, work: (signal: AbortSignal) => Promise<void>): void;
  /** Rejects with the first failure of started work; never resolves otherwise until closed. */
  readonly failed: Promise<void>;
  close(): Promise<void>;
}
