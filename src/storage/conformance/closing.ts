import assert from "node:assert/strict";
import { bytes, contents, freshPrefix, put, remove } from "./engine.ts";
import type { ConformanceTest } from "./index.ts";

export const closingTests: readonly ConformanceTest[] = [
  {
    name: "a closed store refuses every call and ends its watches",
    async run({ store }) {
      const prefix = freshPrefix();
      const watch = store.watch(prefix, await store.currentRevision());
      const waiting = watch[Symbol.asyncIterator]().next();
      await store.close();
      await store.close();
      assert.equal((await waiting).done, true);
      const closed = { name: "StoreClosedError" };
      await assert.rejects(store.get(`${prefix}a`), closed);
      await assert.rejects(store.list(prefix), closed);
      await assert.rejects(store.currentRevision(), closed);
      await assert.rejects(put(store, `${prefix}a`, "1"), closed);
      await assert.rejects(store.compact(1), closed);
      await assert.rejects(store.size(), closed);
      assert.equal((await store.watch(prefix, 0)[Symbol.asyncIterator]().next()).done, true);
    },
  },
  {
    name: "closing waits for the writes in flight",
    async run(opened) {
      const prefix = freshPrefix();
      const writes = Array.from({ length: 20 }, (_, index) => put(opened.store, `${prefix}${index}`, "v"));
      const closing = opened.store.close();
      await Promise.all(writes);
      await closing;
      if (opened.reopen === undefined) return;
      const store = await opened.reopen();
      assert.equal((await store.list(prefix)).entries.length, 20);
    },
  },
  {
    name: "what was acknowledged is there after a restart, and the revision goes on",
    async run(opened) {
      if (opened.reopen === undefined) return;
      const prefix = freshPrefix();
      const first = await put(opened.store, `${prefix}a`, "1");
      await put(opened.store, `${prefix}b`, "2");
      const second = await put(opened.store, `${prefix}a`, "3");
      const last = await remove(opened.store, `${prefix}b`);
      const store = await opened.reopen();
      assert.deepEqual(await contents(store, prefix), ["a=3"]);
      const entry = await store.get(`${prefix}a`);
      assert.deepEqual([entry?.createRevision, entry?.modRevision], [first, second]);
      assert.equal(await store.currentRevision(), last, "the revision of a deletion is kept too");
      const key = `${prefix}a`;
      const conflict = await store.transact([{ key, modRevision: first }], [{ type: "put", key, value: bytes("4") }]);
      assert.equal(conflict.committed, false);
      assert.equal(await put(store, `${prefix}c`, "5"), last + 1);
    },
  },
  {
    name: "size is a number of bytes that grows with what is stored",
    async run({ store, pass }, { ttlSlackMs }) {
      const prefix = freshPrefix();
      await put(store, `${prefix}a`, "1");
      const before = await store.size();
      for (let index = 0; index < 8; index++) await put(store, prefix + index, "x".repeat(512 * 1024));
      // etcd counts what its backend has written, which it does every 100 ms.
      let after = await store.size();
      for (let waitedMs = 0; after <= before && waitedMs < ttlSlackMs; waitedMs += 100) {
        await pass(100);
        after = await store.size();
      }
      assert.ok(before > 0 && after > before, `${before} then ${after}`);
    },
  },
];
