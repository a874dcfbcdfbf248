import assert from "node:assert/strict";
import { describeEvent, freshPrefix, keysBelow, put, takeEvents } from "./engine.ts";
import type { ConformanceTest } from "./index.ts";

export const lifetimeTests: readonly ConformanceTest[] = [
  {
    name: "a key with a time to live goes by itself, and watches see it go",
    async run({ store, pass }, { ttlSlackMs }) {
      const prefix = freshPrefix();
      await put(store, `${prefix}stays`, "1");
      const revision = await put(store, `${prefix}goes`, "2", 3);
      const watch = store.watch(prefix, revision);
      await pass(1500);
      assert.deepEqual(await keysBelow(store, prefix), ["goes", "stays"]);
      await pass(1500 + ttlSlackMs);
      const [event] = await takeEvents(watch, 1);
      watch.close();
      assert.equal(event && describeEvent(event, prefix), `-goes was 2 @${revision + 1}`);
      assert.deepEqual(await keysBelow(store, prefix), ["stays"]);
    },
  },
  {
    name: "writing a key again replaces or ends its time to live",
    async run({ store, pass }, { ttlSlackMs }) {
      const prefix = freshPrefix();
      for (const key of ["ended", "longer", "same"]) await put(store, prefix + key, "1", 3);
      await put(store, `${prefix}ended`, "2");
      await put(store, `${prefix}longer`, "2", 600);
      await pass(3000 + ttlSlackMs);
      assert.deepEqual(await keysBelow(store, prefix), ["ended", "longer"]);
    },
  },
  {
    name: "a time to live outlasts a restart",
    async run(opened, { ttlSlackMs }) {
      if (opened.reopen === undefined) return;
      const prefix = freshPrefix();
      await put(opened.store, `${prefix}goes`, "1", 3);
      await put(opened.store, `${prefix}stays`, "1", 600);
      const store = await opened.reopen();
      assert.deepEqual(await keysBelow(store, prefix), ["goes", "stays"]);
      await opened.pass(3000 + ttlSlackMs);
      assert.deepEqual(await keysBelow(store, prefix), ["stays"]);
    },
  },
];
