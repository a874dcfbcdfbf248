import assert from "node:assert/strict";
import { describeEvent, freshPrefix, keysBecome, keysBelow, put, takeEvents } from "./engine.ts";
import type { ConformanceTest } from "./index.ts";

export const lifetimeTests: readonly ConformanceTest[] = [
  {
    name: "a key with a time to live goes by itself, and watches see it go",
    async run(opened, { ttlSlackMs }) {
      const { store, pass, elapsed } = opened;
      const prefix = freshPrefix();
      await put(store, `${prefix}stays`, "1");
      const startMs = elapsed();
      const revision = await put(store, `${prefix}goes`, "2", 3);
      const watch = store.watch(prefix, revision);
      await pass(1500);
      const keys = await keysBelow(store, prefix);
      if (elapsed() - startMs < 3000) assert.deepEqual(keys, ["goes", "stays"]);
      await pass(1500);
      await keysBecome(opened, prefix, ["stays"], ttlSlackMs);
      assert.ok(elapsed() - startMs >= 3000);
      const [event] = await takeEvents(watch, 1);
      watch.close();
      assert.equal(event && describeEvent(event, prefix), `-goes was 2 @${revision + 1}`);
    },
  },
  {
    name: "writing a key again replaces or ends its time to live",
    async run(opened, { ttlSlackMs }) {
      const { store, pass } = opened;
      const prefix = freshPrefix();
      for (const key of ["ended", "longer", "same"]) await put(store, prefix + key, "1", 3);
      await put(store, `${prefix}ended`, "2");
      await put(store, `${prefix}longer`, "2", 600);
      await pass(3000);
      await keysBecome(opened, prefix, ["ended", "longer"], ttlSlackMs);
    },
  },
  {
    name: "a time to live outlasts a restart",
    async run(opened, { ttlSlackMs }) {
      if (opened.reopen === undefined) return;
      const prefix = freshPrefix();
      const startMs = opened.elapsed();
      await put(opened.store, `${prefix}goes`, "1", 3);
      await put(opened.store, `${prefix}stays`, "1", 600);
      const store = await opened.reopen();
      const keys = await keysBelow(store, prefix);
      if (opened.elapsed() - startMs < 3000) assert.deepEqual(keys, ["goes", "stays"]);
      await opened.pass(3000);
      await keysBecome(opened, prefix, ["stays"], ttlSlackMs);
    },
  },
];
