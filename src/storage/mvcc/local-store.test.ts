import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { contents, put, remove, takeEvents, text } from "../conformance/engine.ts";
import { StoreFullError } from "../errors.ts";
import { type LocalStoreOptions, resolveLocalOptions } from "../options.ts";
import type { Journal, JournalListener, Transaction } from "./journal.ts";
import { LocalStore } from "./local-store.ts";

/** A disk that does nothing until it is told. */
class SlowJournal implements Journal {
  readonly #listener: JournalListener;
  appended: Transaction[] = [];

  constructor(listener: JournalListener) {
    this.#listener = listener;
  }

  append(transaction: Transaction): void {
    this.appended.push(transaction);
  }

  commit(count: number): void {
    const last = this.appended.splice(0, count).at(-1);
    if (last !== undefined) this.#listener.durable(last.batch.revision);
  }

  fail(error: Error, final: boolean): void {
    this.appended = [];
    this.#listener.failed(error, final);
  }

  size(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    this.commit(this.appended.length);
    return Promise.resolve();
  }
}

function open(options: Partial<LocalStoreOptions> = {}) {
  const clock = new VirtualClock();
  let journal: SlowJournal | undefined;
  const store = new LocalStore(
    resolveLocalOptions({ clock, ...options }, { compactionIntervalMs: 0 }),
    1,
    (listener) => {
      journal = new SlowJournal(listener);
      return journal;
    },
  );
  assert.ok(journal);
  return { store, clock, journal };
}

/** What a promise has come to by now. */
async function stateOf<T>(clock: VirtualClock, promise: Promise<T>): Promise<T | "pending"> {
  await clock.settle();
  return Promise.race([promise, Promise.resolve("pending" as const)]);
}

describe("a local store whose disk is slow", () => {
  it("shows and acknowledges nothing before it is durable", async () => {
    const { store, clock, journal } = open();
    const watch = store.watch("/", 1);
    const seen = takeEvents(watch, 1);
    const write = put(store, "/a", "1");
    assert.equal(await stateOf(clock, write), "pending");
    assert.equal(await stateOf(clock, seen), "pending");
    assert.equal(await store.get("/a"), undefined);
    assert.equal(await store.currentRevision(), 1);
    journal.commit(1);
    assert.equal(await write, 2);
    assert.equal(text(await store.get("/a")), "1");
    assert.equal((await seen).length, 1);
  });

  it("finds a conflict with a write on its way at once, and reports it once that is durable", async () => {
    const { store, clock, journal } = open();
    const key = "/a";
    const first = put(store, key, "1");
    const second = store.transact([{ key, modRevision: 0 }], [{ type: "put", key, value: Buffer.from("2") }]);
    const third = store.transact([{ key, modRevision: 2 }], [{ type: "put", key, value: Buffer.from("3") }]);
    assert.equal(journal.appended.length, 2, "the conflicting one is not written");
    assert.equal(await stateOf(clock, second), "pending", "it would show what may yet be lost");
    journal.commit(1);
    assert.equal(await first, 2);
    const conflict = await second;
    assert.ok(!conflict.committed);
    assert.equal(text(conflict.current), "1");
    journal.commit(1);
    assert.deepEqual(await third, { committed: true, revision: 3 });
  });

  it("acknowledges the deletion of what is being deleted only with that deletion", async () => {
    const { store, clock, journal } = open();
    void put(store, "/a", "1");
    journal.commit(1);
    const first = remove(store, "/a");
    const second = remove(store, "/a");
    assert.equal(await stateOf(clock, second), "pending");
    journal.commit(1);
    assert.deepEqual([await first, await second], [3, 3]);
  });

  it("takes back everything on its way when the disk is full, and goes on from there", async () => {
    const { store, journal } = open();
    void put(store, "/a", "1");
    journal.commit(1);
    const writes = [put(store, "/a", "2"), remove(store, "/a"), put(store, "/b", "1")];
    journal.fail(new StoreFullError("here"), false);
    for (const write of writes) await assert.rejects(write, { name: "StoreFullError" });
    assert.deepEqual(await contents(store, "/"), ["a=1"]);
    const key = "/a";
    const next = store.transact([{ key, modRevision: 2 }], [{ type: "put", key, value: Buffer.from("3") }]);
    journal.commit(1);
    assert.deepEqual(await next, { committed: true, revision: 3 });
  });

  it("takes no more writes when nobody knows what is on the disk, but goes on to be read", async () => {
    const { store, journal } = open();
    void put(store, "/a", "1");
    journal.commit(1);
    const write = put(store, "/a", "2");
    journal.fail(new Error("input/output error"), true);
    await assert.rejects(write, { message: "input/output error" });
    await assert.rejects(put(store, "/a", "3"), { name: "StoreFailedError", message: /input\/output error/ });
    assert.deepEqual(await contents(store, "/"), ["a=1"]);
  });

  it("tries an expiry again that the disk refused", async () => {
    const { store, clock, journal } = open();
    void put(store, "/a", "1", 5);
    journal.commit(1);
    await clock.advance(5000);
    journal.fail(new StoreFullError("here"), false);
    assert.deepEqual(await contents(store, "/"), ["a=1"]);
    await clock.advance(10_000);
    journal.commit(1);
    assert.deepEqual(await contents(store, "/"), []);
  });
});

describe("history", () => {
  it("is forgotten when it takes more than its share of memory", async () => {
    const { store, journal } = open({ historyBytesMax: 100_000 });
    for (let index = 0; index < 300; index++) void put(store, "/a", "x".repeat(1000));
    journal.commit(300);
    const revision = await store.currentRevision();
    await assert.rejects(store.list("/", { revision: revision - 200 }), { name: "CompactedError" });
    assert.equal((await store.list("/", { revision: revision - 50 })).entries.length, 1);
  });

  it("reaches back one interval of compaction and not much further", async () => {
    const { store, clock, journal } = open({ compactionIntervalMs: 60_000 });
    const write = async () => {
      const revision = put(store, "/a", "1");
      journal.commit(1);
      return revision;
    };
    const first = await write();
    await clock.advance(60_000);
    const second = await write();
    await clock.advance(59_000);
    await store.list("/", { revision: first });
    await clock.advance(61_000);
    await store.list("/", { revision: second });
    await write();
    await clock.advance(120_000);
    await assert.rejects(store.list("/", { revision: second - 1 }), { name: "CompactedError" });
    await clock.advance(600_000);
    assert.equal(clock.pendingTimers, 0, "nothing is to be done while nothing is written");
  });
});
