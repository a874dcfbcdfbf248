import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../apimachinery/index.ts";
import { SeededRandom, silentLog, VirtualClock } from "../../base/index.ts";
import { createMemoryStore, type Store } from "../../storage/index.ts";
import { CacheEntry } from "./entry.ts";
import { Change, EventRing } from "./event-ring.ts";
import { StoreHub } from "./hub.ts";
import { countOf, entriesOf, segmentsOf } from "./range.ts";
import { ResourceCache } from "./resource-cache.ts";
import { entryShape, spliceRevision } from "./shape.ts";
import { SortedEntries } from "./sorted-entries.ts";
import { WatchCursor } from "./watch-cursor.ts";

const gvk = { group: "", version: "v1", kind: "Pod" };
const shape = entryShape(gvk, () => {
  throw new Error("not needed");
});

function stored(name: string, nodeName = ""): Buffer {
  const metadata = { name, namespace: "default", uid: `uid-${name}`, creationTimestamp: "2026-01-01T00:00:00Z" };
  return Buffer.from(JSON.stringify({ kind: "Pod", apiVersion: "v1", metadata, spec: { nodeName } }));
}

function entry(name: string, revision = 1): CacheEntry {
  return CacheEntry.fromStored(`/registry/pods/default/${name}`, stored(name), revision, shape);
}

test("the resource version stands right after the uid, and only once", () => {
  const { item } = spliceRevision(shape, stored("a"), 42);
  const text = item.toString();
  assert.ok(
    text.startsWith(
      '{"metadata":{"name":"a","namespace":"default","uid":"uid-a","resourceVersion":"42","creationTimestamp"',
    ),
  );
  const later = entry("a", 9).at(10);
  assert.equal(later.object.metadata.resourceVersion, "10");
  assert.equal(later.item.toString().match(/resourceVersion/g)?.length, 1);
});

test("a name that looks like a key does not lead astray", () => {
  const object = JSON.parse(stored("a").toString()) as KubeObject;
  object.metadata.name = '"uid":"x",';
  const made = CacheEntry.fromStored("/registry/pods/default/a", Buffer.from(JSON.stringify(object)), 7, shape);
  assert.equal(made.object.metadata.resourceVersion, "7");
  assert.equal(made.object.metadata.name, object.metadata.name);
});

test("snapshots stay as they were while entries come and go", () => {
  const random = new SeededRandom(7);
  const entries = new SortedEntries();
  const model = new Map<string, number>();
  const kept: { names: string; snapshot: ReturnType<SortedEntries["snapshot"]> }[] = [];
  const namesOf = (): string =>
    [...model]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map((pair) => pair.join(":"))
      .join();
  for (let step = 1; step <= 5_000; step += 1) {
    const name = `p${Math.floor(random.next() * 400)}`;
    if (random.next() < 0.35) {
      entries.delete(`/registry/pods/default/${name}`);
      model.delete(name);
    } else {
      entries.put(entry(name, step));
      model.set(name, step);
    }
    if (step % 250 === 0) kept.push({ names: namesOf(), snapshot: entries.snapshot(step) });
  }
  for (const { names, snapshot } of kept) {
    const seen = [...entriesOf(snapshot, { prefix: "/registry/pods/" })].map((one) => `${one.name}:${one.revision}`);
    assert.equal(seen.join(), names);
    assert.equal(countOf(snapshot, { prefix: "/registry/pods/" }), seen.length);
    const bytes = [...segmentsOf(snapshot, { prefix: "/registry/pods/" })].map(({ chunk, from, to }) =>
      chunk.bytesOf(from, to),
    );
    const items = [...entriesOf(snapshot, { prefix: "/registry/pods/" })].map((one) => `,${one.item.toString()}`);
    assert.equal(
      bytes.reduce((sum, one) => sum + one, 0),
      Buffer.byteLength(items.join("")),
    );
  }
});

test("the ring forgets the oldest changes and knows what it forgot", () => {
  const ring = new EventRing({ changesMax: 4, bytesMax: 1_000_000 }, 10);
  for (let revision = 11; revision <= 20; revision += 1)
    ring.push(new Change(revision, "ADDED", entry("a", revision), undefined));
  assert.equal(ring.floor, 16);
  assert.equal(ring.after(15), undefined);
  assert.equal(ring.at(ring.after(17) ?? -1)?.revision, 18);
  assert.equal(ring.after(20), ring.next);
});

async function withCache(
  work: (cache: ResourceCache, store: Store, clock: VirtualClock) => Promise<void>,
): Promise<void> {
  const clock = new VirtualClock();
  const store = createMemoryStore({ clock });
  const hub = new StoreHub({ store, clock, log: silentLog });
  const nodeName = (object: KubeObject): string => (object as unknown as { spec: { nodeName: string } }).spec.nodeName;
  const cache = new ResourceCache({
    prefix: "/registry/pods/",
    shape,
    store,
    hub,
    log: silentLog,
    indexes: { "spec.nodeName": nodeName },
    ring: { changesMax: 8, bytesMax: 1_000_000 },
  });
  const stopping = new AbortController();
  const running = hub.run(stopping.signal);
  try {
    await cache.start();
    await work(cache, store, clock);
  } finally {
    stopping.abort();
    await running;
    await store.close();
  }
}

async function put(store: Store, name: string, nodeName: string): Promise<void> {
  await store.transact([], [{ type: "put", key: `/registry/pods/default/${name}`, value: stored(name, nodeName) }]);
}

test("a reader that is too slow is told that it has lost its place", () =>
  withCache(async (cache, store) => {
    const cursor = new WatchCursor(
      cache,
      { sequence: cache.ring.next, revision: cache.revision },
      cache.prefix,
      undefined,
    );
    for (let index = 0; index < 12; index += 1) await put(store, `p${index}`, "");
    await cache.fresh();
    assert.equal(cursor.next()?.type, "LOST");
  }));

test("a watcher of one node is told only of that node's pods, as they come and go", () =>
  withCache(async (cache, store) => {
    const only = { field: "spec.nodeName", value: "n1" };
    const filter = {
      matches: (one: CacheEntry) => (one.object as unknown as { spec: { nodeName: string } }).spec.nodeName === "n1",
    };
    await put(store, "early", "n1");
    await cache.fresh();
    const cursor = new WatchCursor(cache, { sequence: 0, revision: 0, only }, cache.prefix, filter);
    let woken = 0;
    cache.subscribe({ wake: () => (woken += 1), broken: () => {} }, cursor.trigger());
    await put(store, "a", "n2");
    await put(store, "b", "n1");
    await put(store, "b", "n2");
    await cache.fresh();
    const seen: string[] = [];
    for (let delivery = cursor.next(); delivery !== undefined; delivery = cursor.next()) {
      seen.push("entry" in delivery ? `${delivery.type} ${delivery.entry.name}` : delivery.type);
    }
    assert.deepEqual(seen, ["ADDED early", "ADDED b", "DELETED b"]);
    assert.equal(woken, 2);
    assert.deepEqual(cache.keysByField("spec.nodeName", "n2"), [
      "/registry/pods/default/a",
      "/registry/pods/default/b",
    ]);
  }));

test("a consistent read does not wait for news of what was written elsewhere in the store", () =>
  withCache(async (cache, store, clock) => {
    const { revision } = await store.transact([], [{ type: "put", key: "compact_rev_key", value: stored("x", "") }]);
    const fresh = cache.fresh();
    await clock.advance(1_000);
    await fresh;
    assert.equal(cache.revision, revision);
  }));
