import { newResourceExpired, StatusError } from "../../apimachinery/index.ts";
import { CompactedError, FutureRevisionError } from "../../storage/index.ts";
import { CacheEntry } from "../cacher/entry.ts";
import { countOf, entriesOf, type Segment, segmentsOf } from "../cacher/range.ts";
import { Chunk, type Snapshot } from "../cacher/sorted-entries.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import { tooLargeResourceVersion } from "./errors.ts";
import type { Selection } from "./filter.ts";
import { checkContinued } from "./list-options.ts";
import { parseResourceVersion, type ResourceRegistry } from "./resource-registry.ts";
import { filterOf, selectsViews } from "./view-filter.ts";

export interface ListRequest {
  readonly namespace: string;
  readonly selection: Selection | undefined;
  /** 0: everything. */
  readonly limit: number;
  readonly continueToken: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly signal?: AbortSignal;
}

/** One page (or all) of a collection, as runs of cache entries. */
export interface Page {
  readonly revision: number;
  readonly segments: readonly Segment[];
  readonly count: number;
  /** Objects that were looked at for it. */
  readonly fetched: number;
  /** The index that they came from; "" for none. */
  readonly index: string;
  readonly continueToken?: string;
  readonly remaining?: number;
}

export async function listPage(registry: ResourceRegistry, request: ListRequest): Promise<Page> {
  const prefix = registry.prefixOf(request.namespace);
  if (request.continueToken !== "") return continuePage(registry, request, prefix);
  const exact = request.resourceVersionMatch === "Exact";
  if (
    exact ||
    (request.limit > 0 &&
      request.resourceVersion !== "" &&
      request.resourceVersion !== "0" &&
      request.resourceVersionMatch === "")
  ) {
    const snapshot = await snapshotAt(registry, parseResourceVersion(request.resourceVersion), request.signal);
    return readPage(registry, snapshot, request, prefix, undefined);
  }
  await registry.reach(request.resourceVersion, request.signal);
  return readPage(registry, registry.cache.snapshot(), request, prefix, undefined);
}

/** Where a selection is judged by converted objects, these are made first, all at once. */
function readPage(
  registry: ResourceRegistry,
  snapshot: Snapshot,
  request: ListRequest,
  prefix: string,
  startAfter: string | undefined,
): Page | Promise<Page> {
  const read = (): Page => pageOf(registry, snapshot, request, prefix, startAfter);
  if (request.selection === undefined || !selectsViews(registry)) return read();
  const range = { prefix, ...(startAfter === undefined ? {} : { startAfter }) };
  const entries = indexedEntries(registry, snapshot, request.selection, range) ?? entriesOf(snapshot, range);
  return registry.representation.all([...entries]).then(read);
}

async function continuePage(registry: ResourceRegistry, request: ListRequest, prefix: string): Promise<Page> {
  const token = decodeContinue(request.continueToken, prefix);
  checkContinued(request);
  if (token.revision < 0) {
    await registry.cache.fresh(request.signal);
    return readPage(registry, registry.cache.snapshot(), request, prefix, token.startAfter);
  }
  try {
    const snapshot = await snapshotAt(registry, token.revision, request.signal);
    return await readPage(registry, snapshot, request, prefix, token.startAfter);
  } catch (error) {
    if (error instanceof StatusError && error.code === 410) throw expiredContinue(prefix, token.startAfter);
    throw error;
  }
}

/** The collection as it was: a kept snapshot, or else the store's history. */
async function snapshotAt(registry: ResourceRegistry, revision: number, signal?: AbortSignal): Promise<Snapshot> {
  const { cache, store } = registry;
  if (!cache.ready) await cache.start();
  const kept = cache.kept(revision);
  if (kept !== undefined) return kept;
  if (revision > cache.revision) await registry.reach(String(revision), signal);
  try {
    const { entries } = await store.list(cache.prefix, { revision });
    const chunk = new Chunk(
      entries.map((entry) => CacheEntry.fromStored(entry.key, entry.value, entry.modRevision, cache.shape)),
      0,
    );
    const snapshot = { revision, size: entries.length, chunks: entries.length === 0 ? [] : [chunk] };
    cache.keep(snapshot);
    return snapshot;
  } catch (error) {
    if (error instanceof CompactedError)
      throw newResourceExpired(`The resourceVersion for the provided list is too old.`);
    if (error instanceof FutureRevisionError) throw tooLargeResourceVersion(revision, error.currentRevision);
    throw error;
  }
}

function expiredContinue(prefix: string, startAfter: string): StatusError {
  const token = encodeContinue({ revision: -1, startAfter }, prefix);
  const status = newResourceExpired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  ).status;
  return new StatusError({ ...status, metadata: { continue: token } });
}

function pageOf(
  registry: ResourceRegistry,
  snapshot: Snapshot,
  request: ListRequest,
  prefix: string,
  startAfter: string | undefined,
): Page {
  const { selection, limit } = request;
  const range = { prefix, ...(startAfter === undefined ? {} : { startAfter }) };
  const collector = new Collector(limit);
  if (selection === undefined) for (const segment of segmentsOf(snapshot, range)) if (!collector.take(segment)) break;
  const index = selection === undefined ? "" : collectSelected(registry, snapshot, selection, range, collector);
  const { segments, count } = collector;
  const fetched = selection === undefined ? count : collector.fetched;
  const page = { revision: snapshot.revision, segments, count, fetched, index };
  if (!collector.more || collector.lastKey === undefined) return page;
  registry.cache.keep(snapshot);
  const continueToken = encodeContinue({ revision: snapshot.revision, startAfter: collector.lastKey }, prefix);
  // Upstream does not count what a selector might leave out.
  if (selection !== undefined) return { ...page, continueToken };
  const remaining = remainingAfter(
    snapshot,
    prefix,
    collector.lastKey,
    startAfter === undefined ? collector.count : undefined,
  );
  return { ...page, continueToken, remaining };
}

function remainingAfter(snapshot: Snapshot, prefix: string, lastKey: string, taken: number | undefined): number {
  const first = snapshot.chunks[0]?.entries[0];
  const last = snapshot.chunks.at(-1)?.entries.at(-1);
  const whole = first?.key.startsWith(prefix) === true && last?.key.startsWith(prefix) === true;
  if (whole && taken !== undefined) return snapshot.size - taken;
  return countOf(snapshot, { prefix, startAfter: lastKey });
}

/** Returns the name of the index that served; "" for none. */
function collectSelected(
  registry: ResourceRegistry,
  snapshot: Snapshot,
  selection: Selection,
  range: { readonly prefix: string; readonly startAfter?: string },
  collector: Collector,
): string {
  const filter = filterOf(registry, selection);
  const indexed = indexedEntries(registry, snapshot, selection, range);
  if (indexed !== undefined) {
    collector.fetched = indexed.length;
    for (const entry of indexed) if (filter.matches(entry) && !collector.one(entry)) break;
    return indexNameOf(registry, selection);
  }
  for (const { chunk, from, to } of segmentsOf(snapshot, range)) {
    for (let index = from; index < to; index += 1) {
      const entry = chunk.entries[index];
      collector.fetched += 1;
      if (entry !== undefined && filter.matches(entry) && !collector.one(entry)) return "";
    }
  }
  return "";
}

/** As upstream's caches name the indexes of fields. */
function indexNameOf({ cache }: ResourceRegistry, selection: Selection): string {
  for (const [field] of selection.exactFields()) if (cache.hasTrigger(field)) return `f:${field}`;
  return "";
}

/** By an index when a selectable field has one and the snapshot is the present. */
function indexedEntries(
  registry: ResourceRegistry,
  snapshot: Snapshot,
  selection: Selection,
  range: { readonly prefix: string; readonly startAfter?: string },
): readonly CacheEntry[] | undefined {
  const { cache } = registry;
  if (snapshot.revision !== cache.revision) return undefined;
  const direct =
    selection.name !== undefined && (range.prefix !== cache.prefix || !registry.descriptor.facts.namespaced);
  const keys = direct ? [range.prefix + selection.name] : keysByIndex(registry, selection);
  if (keys === undefined) return undefined;
  const { prefix, startAfter = "" } = range;
  return keys.flatMap((key) => (key.startsWith(prefix) && key > startAfter ? (cache.get(key) ?? []) : []));
}

function keysByIndex(registry: ResourceRegistry, selection: Selection): readonly string[] | undefined {
  for (const [field, value] of selection.exactFields()) {
    const keys = registry.cache.keysByField(field, value);
    if (keys !== undefined) return keys;
  }
  return undefined;
}

/** Gathers entries up to a limit; knows whether there was more. */
class Collector {
  readonly segments: Segment[] = [];
  count = 0;
  fetched = 0;
  more = false;
  lastKey: string | undefined;
  readonly #limit: number;
  #loose: CacheEntry[] = [];

  constructor(limit: number) {
    this.#limit = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  }

  take(segment: Segment): boolean {
    const room = this.#limit - this.count;
    if (room <= 0) {
      this.more = true;
      return false;
    }
    const length = segment.to - segment.from;
    const fits = length <= room;
    const to = fits ? segment.to : segment.from + room;
    this.segments.push(fits ? segment : { ...segment, to });
    this.count += to - segment.from;
    this.lastKey = segment.chunk.entries[to - 1]?.key;
    this.more = !fits;
    return fits;
  }

  one(entry: CacheEntry): boolean {
    if (this.count >= this.#limit) {
      this.more = true;
      return false;
    }
    if (this.#loose.length === 0 || this.#loose.length >= looseMax) {
      this.#loose = [];
      this.segments.push(looseSegment(this.#loose));
    }
    this.#loose.push(entry);
    this.count += 1;
    this.lastKey = entry.key;
    return true;
  }
}

const looseMax = 256;

/** A run of entries that do not stand together in the cache. */
function looseSegment(entries: CacheEntry[]): Segment {
  return {
    chunk: new Chunk(entries, 0),
    from: 0,
    get to(): number {
      return entries.length;
    },
  };
}
