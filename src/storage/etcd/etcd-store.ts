import { checkTransaction } from "../check-transaction.ts";
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type Operation,
  type Precondition,
  type Revision,
  type Store,
  type TransactionResult,
  type Watch,
  type WatchBatch,
  WatchOverflowError,
} from "../contract.ts";
import { StoreClosedError } from "../errors.ts";
import { below, LocalWatch } from "../mvcc/local-watch.ts";
import { compactPeriodically } from "./compactor.ts";
import { Connection, RevisionOutOfRange } from "./connection.ts";
import { type Attached, EtcdWatch } from "./etcd-watch.ts";
import { Feed } from "./feed.ts";
import { Leases } from "./leases.ts";
import {
  COMPACT,
  type Compare,
  LEASE_GRANT,
  RANGE,
  type RangeResponse,
  type RequestOp,
  STATUS,
  TXN,
  type TxnResponse,
} from "./messages.ts";
import type { ResolvedEtcdOptions } from "./options.ts";
import { readCompactedRevision, readPast } from "./past.ts";
import { isEmpty, rangeOf, toBytes, toEntry } from "./ranges.ts";
import { SharedCall } from "./shared-call.ts";

/** What a list without a limit asks for at a time. */
const PAGE_KEYS = 5000;

export class EtcdStore implements Store {
  readonly #options: ResolvedEtcdOptions;
  readonly #connection: Connection;
  readonly #leases: Leases;
  readonly #abort = new AbortController();
  readonly #writes = new Set<Promise<unknown>>();
  readonly #watches = new Set<EtcdWatch>();
  readonly #revision: SharedCall<Revision>;
  readonly #compaction: Promise<void>;
  #feed: Promise<Feed> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedEtcdOptions) {
    this.#options = options;
    this.#connection = new Connection(options);
    this.#leases = new Leases(
      options.clock,
      async (ttl) => (await this.#connection.call(LEASE_GRANT, { TTL: ttl })).ID,
    );
    this.#revision = new SharedCall(() => this.#readRevision());
    const { clock, compactionIntervalMs } = options;
    this.#compaction =
      compactionIntervalMs > 0
        ? compactPeriodically(this.#connection, clock, compactionIntervalMs, this.#abort.signal).catch(() => undefined)
        : Promise.resolve();
  }

  async currentRevision(): Promise<Revision> {
    this.#checkOpen();
    return this.#revision.call();
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#checkOpen();
    const { kvs } = await this.#connection.call(RANGE, { key: toBytes(key) });
    const [found] = kvs;
    return found === undefined ? undefined : toEntry(found);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#checkOpen();
    const limit = options.limit ?? 0;
    const entries: Entry[] = [];
    let { startAfter, revision = 0 } = options;
    for (;;) {
      const wanted = limit > 0 ? Math.min(PAGE_KEYS, limit - entries.length) : PAGE_KEYS;
      const page = await this.#readPage(prefix, startAfter, wanted, revision);
      for (const kv of page.kvs) entries.push(toEntry(kv));
      // The pages that follow are read as of the first one's revision.
      if (revision === 0) revision = page.header.revision;
      if (!page.more || entries.length === limit) {
        return { entries, revision, more: page.more, remaining: page.count - page.kvs.length };
      }
      startAfter = entries.at(-1)?.key;
    }
  }

  async transact(preconditions: readonly Precondition[], operations: readonly Operation[]): Promise<TransactionResult> {
    this.#checkOpen();
    checkTransaction(preconditions, operations, this.#options.requestBytesMax);
    const write = this.#transact(preconditions, operations);
    this.#writes.add(write);
    try {
      return await write;
    } finally {
      this.#writes.delete(write);
    }
  }

  watch(prefix: string, afterRevision: Revision, options: { readonly progressMs?: number } = {}): Watch {
    const watch: EtcdWatch = new EtcdWatch(
      (signal) =>
        this.#attach(prefix, afterRevision, options.progressMs ?? 0, signal, () => this.#watches.delete(watch)),
      () => this.#reachNow(),
    );
    if (this.#closing === undefined) this.#watches.add(watch);
    else watch.close();
    return watch;
  }

  async compact(revision: Revision): Promise<void> {
    this.#checkOpen();
    try {
      await this.#connection.call(COMPACT, { revision });
    } catch (error) {
      if (!(error instanceof RevisionOutOfRange)) throw error;
      if (!error.compacted) throw new FutureRevisionError(await this.currentRevision());
    }
  }

  async size(): Promise<number> {
    this.#checkOpen();
    return (await this.#connection.call(STATUS, {})).dbSize;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    await Promise.allSettled([...this.#writes]);
    for (const watch of [...this.#watches]) watch.close();
    const feed = await this.#feed?.catch(() => undefined);
    feed?.close();
    this.#connection.close();
    await this.#compaction;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new StoreClosedError();
  }

  /** Any read that is linearizable tells the revision; this one reads nothing. */
  async #readRevision(): Promise<Revision> {
    const { header } = await this.#connection.call(RANGE, { key: toBytes("\0"), countOnly: true });
    return header.revision;
  }

  async #readPage(
    prefix: string,
    startAfter: string | undefined,
    limit: number,
    revision: Revision,
  ): Promise<RangeResponse> {
    const range = rangeOf(prefix, startAfter);
    if (isEmpty(range)) return { header: { revision: await this.currentRevision() }, kvs: [], more: false, count: 0 };
    try {
      return await this.#connection.call(RANGE, { ...range, limit, revision });
    } catch (error) {
      if (!(error instanceof RevisionOutOfRange)) throw error;
      if (error.compacted) throw new CompactedError(await readCompactedRevision(this.#connection));
      throw new FutureRevisionError(await this.currentRevision());
    }
  }

  async #transact(
    preconditions: readonly Precondition[],
    operations: readonly Operation[],
  ): Promise<TransactionResult> {
    const response = await this.#connection.call(TXN, {
      compare: preconditions.map(
        ({ key, modRevision }): Compare => ({ result: 0, target: 2, key: toBytes(key), modRevision }),
      ),
      success: await Promise.all(operations.map((operation) => this.#toRequest(operation))),
      failure: preconditions.map(({ key }) => ({ requestRange: { key: toBytes(key) } })),
    });
    const { revision } = response.header;
    return response.succeeded ? { committed: true, revision } : conflict(preconditions, response);
  }

  async #toRequest(operation: Operation): Promise<RequestOp> {
    const key = toBytes(operation.key);
    if (operation.type === "delete") return { requestDeleteRange: { key } };
    const lease = operation.ttlSeconds === undefined ? "0" : await this.#leases.find(operation.ttlSeconds);
    return { requestPut: { key, value: operation.value, lease } };
  }

  async #attach(
    prefix: string,
    afterRevision: Revision,
    progressMs: number,
    signal: AbortSignal,
    onEnd: () => void,
  ): Promise<Attached> {
    const feed = await this.#openFeed();
    const past: WatchBatch[] = [];
    let position = afterRevision;
    if (position < feed.history.start) {
      const { watchBacklogMax } = this.#options;
      let events = 0;
      const until = () => feed.history.start;
      position = await readPast(this.#connection, afterRevision, until, signal, (batch) => {
        const part = below(batch, prefix);
        if (part === undefined) return;
        past.push(part);
        events += part.events.length;
        if (events > watchBacklogMax) throw new WatchOverflowError();
      });
    }
    const live: LocalWatch = new LocalWatch({
      prefix,
      afterRevision: position,
      progressMs,
      backlogMax: this.#options.watchBacklogMax,
      clock: this.#options.clock,
      history: feed.history,
      onEnd: () => {
        feed.hub.remove(live);
        onEnd();
      },
    });
    feed.hub.add(live);
    return { past, live };
  }

  /** The feed that all watches share; it starts with the first, or anew when its past is gone. */
  async #openFeed(): Promise<Feed> {
    for (;;) {
      const known = this.#feed;
      if (known === undefined) {
        this.#feed = this.#startFeed();
        return this.#feed;
      }
      const feed = await known.catch(() => undefined);
      if (feed !== undefined && !feed.broken) return feed;
      feed?.close();
      // Unless another watch was quicker to find that out.
      if (this.#feed === known) this.#feed = undefined;
    }
  }

  async #startFeed(): Promise<Feed> {
    const { clock, historyBytesMax } = this.#options;
    return new Feed(this.#connection, clock, await this.currentRevision(), historyBytesMax);
  }

  async #reachNow(): Promise<void> {
    const feed = await this.#feed;
    await feed?.reach(await this.currentRevision());
  }
}

function conflict(preconditions: readonly Precondition[], response: TxnResponse): TransactionResult {
  const { revision } = response.header;
  for (const [index, { key, modRevision }] of preconditions.entries()) {
    const kv = response.responses[index]?.responseRange?.kvs[0];
    if ((kv?.modRevision ?? 0) === modRevision) continue;
    return { committed: false, revision, key, current: kv === undefined ? undefined : toEntry(kv) };
  }
  throw new Error("etcd refused a transaction whose preconditions hold");
}
