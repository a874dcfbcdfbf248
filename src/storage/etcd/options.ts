import type { Clock } from "../../base/index.ts";
import { InvalidRequestError } from "../errors.ts";
import { atLeast, COMPACTION_INTERVAL_MS, REQUEST_BYTES_MAX } from "../options.ts";
import type { EtcdTls } from "./connection.ts";

export interface EtcdStoreOptions {
  readonly clock: Clock;
  /** `http://host:port` or `https://host:port`; the first that answers is used until it fails. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  /** Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** As etcd's `--max-request-bytes`. Default 1.5 MiB. */
  readonly requestBytesMax?: number;
  /** Events that may wait for one watch before it is cut off. Default 20,000. */
  readonly watchBacklogMax?: number;
  /** Bytes of recent changes kept for watches that begin a little in the past. Default 16 MiB. */
  readonly historyBytesMax?: number;
  /** As upstream's `--etcd-compaction-interval`, and agreed upon with upstream's API servers. 0: off. Default 5 min. */
  readonly compactionIntervalMs?: number;
}

export type ResolvedEtcdOptions = Readonly<Required<Omit<EtcdStoreOptions, "tls">>> & {
  readonly tls: EtcdTls | undefined;
};

export function resolveEtcdOptions(options: EtcdStoreOptions): ResolvedEtcdOptions {
  if (options.endpoints.length === 0) throw new InvalidRequestError("option endpoints is empty");
  for (const endpoint of options.endpoints) {
    if (!/^https?:\/\/[^/]+\/?$/.test(endpoint)) throw new InvalidRequestError(`endpoint ${endpoint} is not a URL`);
  }
  return Object.freeze({
    clock: options.clock,
    endpoints: Object.freeze([...options.endpoints]),
    tls: options.tls,
    requestTimeoutMs: atLeast(1, "requestTimeoutMs", options.requestTimeoutMs ?? 10_000),
    requestBytesMax: atLeast(1, "requestBytesMax", options.requestBytesMax ?? REQUEST_BYTES_MAX),
    watchBacklogMax: atLeast(1, "watchBacklogMax", options.watchBacklogMax ?? 20_000),
    historyBytesMax: atLeast(0, "historyBytesMax", options.historyBytesMax ?? 16 * 1024 * 1024),
    compactionIntervalMs: atLeast(0, "compactionIntervalMs", options.compactionIntervalMs ?? COMPACTION_INTERVAL_MS),
  });
}
