import type { Clock } from "../base/index.ts";
import { InvalidRequestError } from "./errors.ts";

/** What every engine that keeps its head in this process can be told. */
export interface LocalStoreOptions {
  readonly clock: Clock;
  /** Events that may wait for one watch before it is cut off. Default 20,000. */
  readonly watchBacklogMax?: number;
  /**
   * Bytes of superseded values kept for reads and watches at past revisions; beyond that the store compacts by itself.
   * Default 64 MiB.
   */
  readonly historyBytesMax?: number;
  /**
   * Every so often, everything older than the previous time is compacted (upstream's `--etcd-compaction-interval`).
   * 0 switches it off: the default of the memory engine. The others: 5 minutes.
   */
  readonly compactionIntervalMs?: number;
  /** Keys and values of one transaction. Default 1.5 MiB, as etcd's `--max-request-bytes`. */
  readonly requestBytesMax?: number;
}

export type ResolvedLocalOptions = Readonly<Required<LocalStoreOptions>>;

export const COMPACTION_INTERVAL_MS = 5 * 60 * 1000;
export const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;
/** As etcd's `--max-txn-ops`. */
export const OPERATIONS_MAX = 128;

export function resolveLocalOptions(
  options: LocalStoreOptions,
  defaults: { readonly compactionIntervalMs: number },
): ResolvedLocalOptions {
  return Object.freeze({
    clock: options.clock,
    watchBacklogMax: atLeast(1, "watchBacklogMax", options.watchBacklogMax ?? 20_000),
    historyBytesMax: atLeast(0, "historyBytesMax", options.historyBytesMax ?? 64 * 1024 * 1024),
    compactionIntervalMs: atLeast(
      0,
      "compactionIntervalMs",
      options.compactionIntervalMs ?? defaults.compactionIntervalMs,
    ),
    requestBytesMax: atLeast(1, "requestBytesMax", options.requestBytesMax ?? REQUEST_BYTES_MAX),
  });
}

export function atLeast(minimum: number, name: string, value: number): number {
  if (!(value >= minimum)) throw new InvalidRequestError(`option ${name} must be at least ${minimum}, not ${value}`);
  return value;
}
