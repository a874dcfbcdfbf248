import { VirtualClock } from "../../base/index.ts";
import { describeStore } from "../conformance/index.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./test-directory.ts";

describeStore({
  name: "sqlite",
  ttlSlackMs: 100,
  inOrder: true,
  modelSteps: 500,
  async open(limits) {
    const clock = new VirtualClock();
    const directory = await temporaryDirectory();
    const options = { clock, path: directory.file("state.db"), ...limits };
    let store = await openSqliteStore(options);
    return {
      get store() {
        return store;
      },
      elapsed: () => clock.monotonic(),
      async pass(durationMs) {
        await clock.advance(durationMs);
        // Comes after the deletions of what has expired.
        await store.transact([], []);
      },
      async reopen() {
        await store.close();
        store = await openSqliteStore(options);
        return store;
      },
      async dispose() {
        await store.close();
        await directory.remove();
      },
    };
  },
});
