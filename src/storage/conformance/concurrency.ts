import assert from "node:assert/strict";
import type { Store } from "../contract.ts";
import { bytes, freshPrefix, put, takeEvents, text } from "./engine.ts";
import type { ConformanceTest } from "./index.ts";

/** Reads, adds one, and writes if nobody came between; until it works. */
async function increment(store: Store, key: string): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const current = await store.get(key);
    const value = bytes(String(Number(text(current) ?? "0") + 1));
    const precondition = { key, modRevision: current?.modRevision ?? 0 };
    const result = await store.transact([precondition], [{ type: "put", key, value }]);
    if (result.committed) return;
  }
  throw new Error("no attempt succeeded");
}

export const concurrencyTests: readonly ConformanceTest[] = [
  {
    name: "concurrent writers get revisions of their own, without gaps",
    async run({ store }) {
      const prefix = freshPrefix();
      const start = await store.currentRevision();
      const watch = store.watch(prefix, start);
      const revisions = await Promise.all(
        Array.from({ length: 300 }, (_, index) => put(store, `${prefix}${index % 40}`, "v")),
      );
      const expected = Array.from({ length: 300 }, (_, index) => start + 1 + index);
      assert.deepEqual(
        [...revisions].sort((a, b) => a - b),
        expected,
      );
      const events = await takeEvents(watch, 300);
      watch.close();
      assert.deepEqual(
        events.map((event) => (event.type === "put" ? event.entry.modRevision : 0)),
        expected,
      );
    },
  },
  {
    name: "of many who create the same key one succeeds, and the others see its value",
    async run({ store }) {
      const key = `${freshPrefix()}a`;
      const create = (value: string) =>
        store.transact([{ key, modRevision: 0 }], [{ type: "put", key, value: bytes(value) }]);
      const results = await Promise.all(Array.from({ length: 50 }, (_, index) => create(String(index))));
      const winners = results.filter(({ committed }) => committed);
      assert.equal(winners.length, 1);
      const stored = await store.get(key);
      for (const result of results) {
        if (result.committed) continue;
        assert.deepEqual([text(result.current), result.current?.modRevision], [text(stored), stored?.modRevision]);
        assert.ok(result.revision >= (stored?.modRevision ?? 0));
      }
    },
  },
  {
    name: "a counter that many raise loses no update",
    async run({ store }) {
      const key = `${freshPrefix()}counter`;
      const worker = async () => {
        for (let index = 0; index < 10; index++) await increment(store, key);
      };
      await Promise.all(Array.from({ length: 8 }, worker));
      assert.equal(text(await store.get(key)), "80");
    },
  },
  {
    name: "whoever was answered finds the write in every read after that",
    async run({ store }) {
      const prefix = freshPrefix();
      const write = async (index: number) => {
        const key = `${prefix}${index}`;
        const revision = await put(store, key, "v");
        assert.equal((await store.get(key))?.modRevision, revision);
        const list = await store.list(prefix);
        assert.ok(list.revision >= revision && list.entries.some((entry) => entry.key === key));
        assert.ok((await store.currentRevision()) >= revision);
      };
      await Promise.all(Array.from({ length: 60 }, (_, index) => write(index)));
    },
  },
  {
    name: "a chain of conditional writes on one key may be in flight together",
    async run({ store }, { inOrder }) {
      if (!inOrder) return;
      const key = `${freshPrefix()}a`;
      const before = await store.currentRevision();
      const writes = Array.from({ length: 10 }, (_, index) => {
        const modRevision = index === 0 ? 0 : before + index;
        return store.transact([{ key, modRevision }], [{ type: "put", key, value: bytes(String(index)) }]);
      });
      const results = await Promise.all(writes);
      assert.deepEqual(
        results.map(({ committed }) => committed),
        results.map(() => true),
      );
      assert.equal(text(await store.get(key)), "9");
      assert.equal((await store.get(key))?.createRevision, before + 1);
    },
  },
];
