import assert from "node:assert/strict";
import { bytes, contents, freshPrefix, keysBelow, put, remove } from "./engine.ts";
import type { ConformanceTest } from "./index.ts";

export const listTests: readonly ConformanceTest[] = [
  {
    name: "keys come in the order of their UTF-8 bytes",
    async run({ store }) {
      const prefix = freshPrefix();
      // In UTF-16 the emoji would come before the others of the last four.
      const keys = ["!", "-", "/", "0", "A", "a", "a!", "a/", "aa", "b", "é", "日", "\ue000", "\uffee", "\u{1f600}"];
      for (const key of [...keys].reverse()) await put(store, prefix + key, "v");
      assert.deepEqual(await keysBelow(store, prefix), keys);
      const after = await store.list(prefix, { startAfter: `${prefix}\uffee` });
      assert.deepEqual(
        after.entries.map(({ key }) => key),
        [`${prefix}\u{1f600}`],
      );
    },
  },
  {
    name: "a list holds exactly what starts with the prefix",
    async run({ store }) {
      const prefix = freshPrefix();
      for (const key of ["pods/a", "pods/b", "pods", "podsecurity", "pod", "nodes/a"])
        await put(store, prefix + key, "v");
      assert.deepEqual(await keysBelow(store, `${prefix}pods/`), ["a", "b"]);
      assert.deepEqual(await keysBelow(store, `${prefix}pods`), ["", "/a", "/b", "ecurity"]);
      const empty = await store.list(`${prefix}none/`);
      assert.deepEqual([empty.entries, empty.more], [[], false]);
      assert.equal(empty.revision, await store.currentRevision());
    },
  },
  {
    name: "pages cover a list without gaps or repetition",
    async run({ store }) {
      const prefix = freshPrefix();
      const keys = Array.from({ length: 25 }, (_, index) => `k${String(index).padStart(3, "0")}`);
      for (const key of keys) await put(store, prefix + key, "v");
      const seen: string[] = [];
      let startAfter: string | undefined;
      for (let more = true; more; ) {
        const page = await store.list(prefix, { limit: 10, startAfter });
        seen.push(...page.entries.map(({ key }) => key.slice(prefix.length)));
        startAfter = page.entries.at(-1)?.key;
        more = page.more;
        assert.equal(more, seen.length < 25);
        if (page.remaining !== undefined) assert.equal(page.remaining, 25 - seen.length);
      }
      assert.deepEqual(seen, keys);
      const exact = await store.list(prefix, { limit: 25 });
      assert.deepEqual([exact.entries.length, exact.more], [25, false]);
    },
  },
  {
    name: "a page may start after a key that is not there",
    async run({ store }) {
      const prefix = freshPrefix();
      for (const key of ["a", "c", "e"]) await put(store, prefix + key, "v");
      const page = async (startAfter: string) =>
        (await store.list(prefix, { startAfter })).entries.map(({ key }) => key.slice(prefix.length));
      assert.deepEqual(await page(`${prefix}b`), ["c", "e"]);
      assert.deepEqual(await page(`${prefix}e`), []);
      assert.deepEqual(await page("/"), ["a", "c", "e"], "a start before the prefix is no restriction");
      assert.deepEqual(await page("\u{10ffff}"), []);
    },
  },
  {
    name: "a list at a past revision shows what was there",
    async run({ store }) {
      const prefix = freshPrefix();
      await put(store, `${prefix}a`, "1");
      const r1 = await put(store, `${prefix}b`, "1");
      const r2 = await put(store, `${prefix}a`, "2");
      const r3 = await remove(store, `${prefix}b`);
      const r4 = await put(store, `${prefix}b`, "4");
      const r5 = await put(store, `${prefix}c`, "5");
      assert.deepEqual(await contents(store, prefix, r1), ["a=1", "b=1"]);
      assert.deepEqual(await contents(store, prefix, r2), ["a=2", "b=1"]);
      assert.deepEqual(await contents(store, prefix, r3), ["a=2"]);
      assert.deepEqual(await contents(store, prefix, r4), ["a=2", "b=4"]);
      assert.deepEqual(await contents(store, prefix, r5), ["a=2", "b=4", "c=5"]);
      assert.equal((await store.list(prefix, { revision: r2 })).revision, r2);
    },
  },
  {
    name: "paging at a fixed revision is not disturbed by writes",
    async run({ store }) {
      const prefix = freshPrefix();
      for (const key of ["a", "b", "c", "d", "e"]) await put(store, prefix + key, "old");
      const first = await store.list(prefix, { limit: 2 });
      await remove(store, `${prefix}c`);
      await put(store, `${prefix}bb`, "new");
      await put(store, `${prefix}d`, "new");
      const rest = await store.list(prefix, { limit: 2, startAfter: `${prefix}b`, revision: first.revision });
      assert.deepEqual(
        rest.entries.map(({ key }) => key.slice(prefix.length)),
        ["c", "d"],
      );
      assert.deepEqual(
        rest.entries.map(({ value }) => Buffer.from(value).toString()),
        ["old", "old"],
      );
      assert.equal(rest.more, true);
      if (rest.remaining !== undefined) assert.equal(rest.remaining, 1);
    },
  },
  {
    name: "a future revision is refused",
    async run({ store }) {
      const prefix = freshPrefix();
      const now = await put(store, `${prefix}a`, "1");
      await assert.rejects(store.list(prefix, { revision: now + 1 }), {
        name: "FutureRevisionError",
        currentRevision: now,
      });
      await assert.rejects(store.compact(now + 1), { name: "FutureRevisionError" });
    },
  },
  {
    name: "compaction forgets the past and keeps the present",
    async run({ store }) {
      const prefix = freshPrefix();
      const r1 = await put(store, `${prefix}a`, "1");
      const r2 = await put(store, `${prefix}a`, "2");
      await put(store, `${prefix}gone`, "x");
      const r3 = await remove(store, `${prefix}gone`);
      const r4 = await put(store, `${prefix}a`, "4");
      await store.compact(r3);
      await assert.rejects(store.list(prefix, { revision: r1 }), { name: "CompactedError", compactRevision: r3 });
      await assert.rejects(store.list(prefix, { revision: r2 }), { name: "CompactedError" });
      assert.deepEqual(await contents(store, prefix, r3), ["a=2"], "the compacted revision itself can be read");
      assert.deepEqual(await contents(store, prefix, r4), ["a=4"]);
      await store.compact(r3);
      await store.compact(r1);
      assert.equal(await store.currentRevision(), r4, "compaction is no change");
    },
  },
  {
    name: "a thousand keys are listed in order at any size of page",
    async run({ store }) {
      const prefix = freshPrefix();
      const keys = Array.from({ length: 1000 }, (_, index) => prefix + ((index * 7919) % 1000));
      await Promise.all(keys.map((key) => store.transact([], [{ type: "put", key, value: bytes("v") }])));
      const sorted = [...keys].sort();
      const { entries, revision } = await store.list(prefix);
      assert.deepEqual(
        entries.map(({ key }) => key),
        sorted,
      );
      for (const limit of [1, 333, 999, 1000, 1001]) {
        const page = await store.list(prefix, { limit, revision });
        assert.deepEqual(
          page.entries.map(({ key }) => key),
          sorted.slice(0, limit),
        );
        assert.equal(page.more, limit < 1000);
      }
    },
  },
];
