import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RealClock } from "../../base/index.ts";
import { describeStore } from "../conformance/index.ts";
import { openSqliteStore } from "./sqlite-store.ts";

describeStore({
  name: "sqlite",
  ttlSlackMs: 500,
  modelSteps: 500,
  async open(limits) {
    const clock = new RealClock();
    const directory = await mkdtemp(join(tmpdir(), "store-"));
    const options = { clock, path: join(directory, "state.db"), ...limits };
    let store = await openSqliteStore(options);
    return {
      get store() {
        return store;
      },
      pass: (durationMs) => clock.sleep(durationMs),
      async reopen() {
        await store.close();
        store = await openSqliteStore(options);
        return store;
      },
      async dispose() {
        await store.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});
