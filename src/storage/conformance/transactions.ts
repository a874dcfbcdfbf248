import assert from "node:assert/strict";
import { bytes, contents, freshPrefix, put, remove, text } from "./engine.ts";
import type { ConformanceTest } from "./index.ts";

export const transactionTests: readonly ConformanceTest[] = [
  {
    name: "every committed transaction raises the revision by one",
    async run({ store }) {
      const key = `${freshPrefix()}a`;
      const before = await store.currentRevision();
      assert.equal(await put(store, key, "1"), before + 1);
      assert.equal(await put(store, key, "1"), before + 2, "the same value is a change too");
      assert.equal(await remove(store, key), before + 3);
      assert.equal(await store.currentRevision(), before + 3);
    },
  },
  {
    name: "an entry carries its value, its revision, and the revision of its creation",
    async run({ store }) {
      const key = `${freshPrefix()}a`;
      assert.equal(await store.get(key), undefined);
      const first = await put(store, key, "one");
      const second = await put(store, key, "two");
      const entry = await store.get(key);
      assert.deepEqual(
        [entry?.key, text(entry), entry?.createRevision, entry?.modRevision],
        [key, "two", first, second],
      );
      await remove(store, key);
      assert.equal(await store.get(key), undefined);
      const third = await put(store, key, "three");
      assert.equal((await store.get(key))?.createRevision, third, "a key that comes back is created anew");
    },
  },
  {
    name: "any bytes and any text come back as they were",
    async run({ store }) {
      const prefix = freshPrefix();
      const value = Uint8Array.from({ length: 256 }, (_, index) => index);
      const keys = ["plain", "with space", "ü", "日本", "\u{1f600}", "%2F", "a/b/../c", "'quoted\"", "\uffff"];
      for (const key of keys) await store.transact([], [{ type: "put", key: prefix + key, value }]);
      for (const key of keys)
        assert.deepEqual(Uint8Array.from((await store.get(prefix + key))?.value ?? []), value, key);
      await store.transact([], [{ type: "put", key: prefix, value: new Uint8Array(0) }]);
      assert.equal((await store.get(prefix))?.value.length, 0);
    },
  },
  {
    name: "a value of 1 MiB is kept, one of 2 MiB is refused",
    async run({ store }) {
      const key = `${freshPrefix()}big`;
      const value = Buffer.alloc(1024 * 1024, "k");
      await store.transact([], [{ type: "put", key, value }]);
      assert.ok(Buffer.from((await store.get(key))?.value ?? []).equals(value));
      const tooLarge = store.transact([], [{ type: "put", key, value: Buffer.alloc(2 * 1024 * 1024) }]);
      await assert.rejects(tooLarge, { name: "RequestTooLargeError" });
    },
  },
  {
    name: "all operations of a transaction happen at one revision",
    async run({ store }) {
      const prefix = freshPrefix();
      await put(store, `${prefix}b`, "old");
      const result = await store.transact(
        [],
        [
          { type: "put", key: `${prefix}a`, value: bytes("1") },
          { type: "delete", key: `${prefix}b` },
          { type: "put", key: `${prefix}c`, value: bytes("3") },
        ],
      );
      assert.equal(result.committed, true);
      assert.equal((await store.get(`${prefix}a`))?.modRevision, result.revision);
      assert.equal((await store.get(`${prefix}c`))?.modRevision, result.revision);
      assert.deepEqual(await contents(store, prefix), ["a=1", "c=3"]);
    },
  },
  {
    name: "deleting nothing commits without a new revision",
    async run({ store }) {
      const prefix = freshPrefix();
      const before = await put(store, `${prefix}a`, "1");
      const result = await store.transact(
        [{ key: `${prefix}x`, modRevision: 0 }],
        [{ type: "delete", key: `${prefix}x` }],
      );
      assert.deepEqual(result, { committed: true, revision: before });
      assert.deepEqual(await store.transact([], []), { committed: true, revision: before });
      assert.equal(await store.currentRevision(), before);
    },
  },
  {
    name: "a precondition of 0 means that the key must not exist",
    async run({ store }) {
      const key = `${freshPrefix()}a`;
      const create = () => store.transact([{ key, modRevision: 0 }], [{ type: "put", key, value: bytes("new") }]);
      const first = await create();
      assert.equal(first.committed, true);
      const second = await create();
      assert.ok(!second.committed);
      assert.deepEqual([second.key, text(second.current), second.current?.modRevision], [key, "new", first.revision]);
      await remove(store, key);
      assert.equal((await create()).committed, true);
    },
  },
  {
    name: "a transaction whose precondition fails changes nothing and says what stands there",
    async run({ store }) {
      const prefix = freshPrefix();
      const a = await put(store, `${prefix}a`, "1");
      const b = await put(store, `${prefix}b`, "2");
      const result = await store.transact(
        [
          { key: `${prefix}a`, modRevision: a },
          { key: `${prefix}b`, modRevision: a },
          { key: `${prefix}none`, modRevision: b },
        ],
        [
          { type: "put", key: `${prefix}a`, value: bytes("changed") },
          { type: "delete", key: `${prefix}b` },
        ],
      );
      assert.ok(!result.committed);
      assert.deepEqual([result.key, text(result.current), result.revision], [`${prefix}b`, "2", b]);
      assert.deepEqual(await contents(store, prefix), ["a=1", "b=2"]);
      assert.equal(await store.currentRevision(), b);
    },
  },
  {
    name: "a precondition may name a key that the transaction leaves alone",
    async run({ store }) {
      const prefix = freshPrefix();
      const a = await put(store, `${prefix}guard`, "1");
      const write = () =>
        store.transact(
          [{ key: `${prefix}guard`, modRevision: a }],
          [{ type: "put", key: `${prefix}b`, value: bytes("2") }],
        );
      assert.equal((await write()).committed, true);
      await remove(store, `${prefix}guard`);
      const refused = await write();
      assert.ok(!refused.committed);
      assert.deepEqual([refused.key, refused.current], [`${prefix}guard`, undefined]);
    },
  },
  {
    name: "requests that make no sense are refused",
    async run({ store }) {
      const key = `${freshPrefix()}a`;
      const value = bytes("1");
      const invalid = { name: "InvalidRequestError" };
      await assert.rejects(store.transact([], [{ type: "put", key: "", value }]), invalid);
      await assert.rejects(store.transact([], [{ type: "put", key: `${key}\ud800`, value }]), invalid);
      await assert.rejects(store.transact([], [{ type: "put", key, value, ttlSeconds: 0 }]), invalid);
      const twice = [
        { type: "put", key, value },
        { type: "delete", key },
      ] as const;
      await assert.rejects(store.transact([], twice), invalid);
      assert.equal(await store.get(key), undefined);
    },
  },
];
