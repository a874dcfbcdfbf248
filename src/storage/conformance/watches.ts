import assert from "node:assert/strict";
import type { WatchBatch } from "../contract.ts";
import { bytes, describeEvent, freshPrefix, put, remove, takeEvents, takeProgress } from "./engine.ts";
import type { ConformanceTest } from "./index.ts";

export const watchTests: readonly ConformanceTest[] = [
  {
    name: "a watch shows every change below its prefix with what was there before",
    async run({ store }) {
      const prefix = freshPrefix();
      const start = await store.currentRevision();
      const watch = store.watch(prefix, start);
      await put(store, `${prefix}a`, "1");
      await put(store, `${freshPrefix()}other`, "x");
      await put(store, `${prefix}a`, "2");
      await remove(store, `${prefix}a`);
      await put(store, `${prefix}a`, "3");
      const events = (await takeEvents(watch, 4)).map((event) => describeEvent(event, prefix));
      watch.close();
      assert.deepEqual(events, [
        `+a=1 @${start + 1}`,
        `+a=2 was 1 @${start + 3}`,
        `-a was 2 @${start + 4}`,
        `+a=3 @${start + 5}`,
      ]);
    },
  },
  {
    name: "the events of one transaction come in one batch",
    async run({ store }) {
      const prefix = freshPrefix();
      const start = await put(store, `${prefix}b`, "old");
      const watch = store.watch(prefix, start);
      const result = await store.transact(
        [],
        [
          { type: "put", key: `${prefix}a`, value: bytes("1") },
          { type: "put", key: `${freshPrefix()}elsewhere`, value: bytes("x") },
          { type: "delete", key: `${prefix}b` },
        ],
      );
      const step = await watch[Symbol.asyncIterator]().next();
      watch.close();
      assert.ok(step.done !== true);
      assert.equal(step.value.revision, result.revision);
      const events = step.value.events.map((event) => describeEvent(event, prefix)).sort();
      assert.deepEqual(events, [`+a=1 @${result.revision}`, `-b was old @${result.revision}`]);
    },
  },
  {
    name: "a watch from the past replays it and goes on without a gap",
    async run({ store }) {
      const prefix = freshPrefix();
      const start = await store.currentRevision();
      for (let index = 1; index <= 600; index++) await put(store, `${prefix}k`, String(index));
      const watch = store.watch(prefix, start + 100);
      const more = (async () => {
        for (let index = 601; index <= 700; index++) await put(store, `${prefix}k`, String(index));
      })();
      const events = await takeEvents(watch, 600);
      await more;
      watch.close();
      const revisions = events.map((event) => (event.type === "put" ? event.entry.modRevision : 0));
      assert.deepEqual(
        revisions,
        Array.from({ length: 600 }, (_, index) => start + 101 + index),
      );
    },
  },
  {
    name: "a watch that resumes where another ended misses and repeats nothing",
    async run({ store }) {
      const prefix = freshPrefix();
      let position = await store.currentRevision();
      const seen: string[] = [];
      for (let round = 0; round < 5; round++) {
        for (let index = 0; index < 4; index++) await put(store, `${prefix}k`, `${round}.${index}`);
        const watch = store.watch(prefix, position);
        for (const event of await takeEvents(watch, 3)) {
          if (event.type !== "put") continue;
          seen.push(Buffer.from(event.entry.value).toString());
          position = event.entry.modRevision;
        }
        watch.close();
      }
      const expected = Array.from({ length: 20 }, (_, index) => `${Math.floor(index / 4)}.${index % 4}`);
      assert.deepEqual(seen, expected.slice(0, 15));
    },
  },
  {
    name: "a watch that starts in the future waits for it",
    async run({ store }) {
      const prefix = freshPrefix();
      const start = await store.currentRevision();
      const watch = store.watch(prefix, start + 2);
      for (const value of ["1", "2", "3"]) await put(store, `${prefix}a`, value);
      const [first] = await takeEvents(watch, 1);
      watch.close();
      assert.equal(first && describeEvent(first, prefix), `+a=3 was 2 @${start + 3}`);
    },
  },
  {
    name: "a watch below the compacted revision fails, one at it does not",
    async run({ store }) {
      const prefix = freshPrefix();
      const start = await store.currentRevision();
      for (let index = 0; index < 5; index++) await put(store, `${prefix}a`, String(index));
      await store.compact(start + 4);
      const failing = store.watch(prefix, start + 1);
      await assert.rejects(takeEvents(failing, 1), { name: "CompactedError", compactRevision: start + 4 });
      const end = await failing[Symbol.asyncIterator]().next();
      assert.equal(end.done, true, "nothing follows the error");
      const working = store.watch(prefix, start + 4);
      const [event] = await takeEvents(working, 1);
      working.close();
      assert.ok(event?.type === "put" && event.entry.modRevision === start + 5);
    },
  },
  {
    name: "compaction does not disturb a watch that is up to date",
    async run({ store }) {
      const prefix = freshPrefix();
      const watch = store.watch(prefix, await store.currentRevision());
      const revision = await put(store, `${prefix}a`, "1");
      await takeEvents(watch, 1);
      await store.compact(revision);
      await put(store, `${prefix}a`, "2");
      const [event] = await takeEvents(watch, 1);
      watch.close();
      assert.equal(event?.type, "put");
    },
  },
  {
    name: "a reader that falls too far behind is cut off, and the writers do not wait for it",
    limits: { watchBacklogMax: 50 },
    async run({ store }) {
      const prefix = freshPrefix();
      const slow = store.watch(prefix, await store.currentRevision());
      const first = await put(store, `${prefix}a`, "first");
      const [event] = await takeEvents(slow, 1);
      assert.ok(event?.type === "put" && event.entry.modRevision === first, "it is live");
      const fast = store.watch(prefix, first);
      const read = takeEvents(fast, 200);
      for (let index = 0; index < 200; index++) await put(store, `${prefix}a`, String(index));
      assert.equal((await read).length, 200, "another reader is not affected");
      fast.close();
      await assert.rejects(takeEvents(slow, 201), { name: "WatchOverflowError" });
    },
  },
  {
    name: "progress comes by itself when nothing changes below the prefix",
    async run({ store, pass }) {
      const prefix = freshPrefix();
      const watch = store.watch(prefix, await store.currentRevision(), { progressMs: 500 });
      const revision = await put(store, `${freshPrefix()}other`, "x");
      const progress = takeProgress(watch);
      await pass(1000);
      let shown = (await progress).revision;
      assert.ok(shown >= revision - 1);
      // What was sent before the write tells of the time before it.
      for (let next: Promise<WatchBatch>; shown < revision; shown = (await next).revision) {
        next = takeProgress(watch);
        await pass(1000);
      }
      assert.equal(shown, revision);
      watch.close();
    },
  },
  {
    name: "progress comes on request, after everything before it",
    async run({ store }) {
      const prefix = freshPrefix();
      const watch = store.watch(prefix, await store.currentRevision());
      await put(store, `${prefix}a`, "1");
      const revision = await put(store, `${freshPrefix()}other`, "x");
      watch.requestProgress();
      watch.requestProgress();
      const iterator = watch[Symbol.asyncIterator]();
      let events = 0;
      for (;;) {
        const step = await iterator.next();
        assert.ok(step.done !== true);
        events += step.value.events.length;
        if (step.value.events.length === 0 && step.value.revision >= revision) break;
      }
      watch.close();
      assert.equal(events, 1);
    },
  },
  {
    name: "closing a watch ends its iteration without an error",
    async run({ store }) {
      const prefix = freshPrefix();
      const watch = store.watch(prefix, await store.currentRevision());
      const waiting = watch[Symbol.asyncIterator]().next();
      watch.close();
      assert.equal((await waiting).done, true);
      watch.close();
      const other = store.watch(prefix, await store.currentRevision());
      await put(store, `${prefix}a`, "1");
      for await (const batch of other) {
        assert.equal(batch.events.length, 1);
        break;
      }
      assert.equal((await other[Symbol.asyncIterator]().next()).done, true, "leaving the loop closes it");
    },
  },
];
