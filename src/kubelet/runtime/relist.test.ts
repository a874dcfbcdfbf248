import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog, VirtualClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import type { RuntimeService } from "../../cri/index.ts";
import type { Inspector } from "./inspector.ts";
import { Relist } from "./relist.ts";

test("lists of the runtime are timed, and so are the pauses between them", async () => {
  const clock = new VirtualClock();
  const metrics = new MetricsRegistry();
  const inspector = {
    list: async () => {
      await clock.sleep(2_000);
      return new Map();
    },
  } as unknown as Inspector;
  const relist = new Relist({
    ...{ inspector, runtime: {} as RuntimeService, clock, log: silentLog, metrics, changes: undefined },
    periodMs: 1_000,
    onChange: () => {},
    onListed: () => {},
  });
  for (const _ of [1, 2]) {
    const pass = relist.pass();
    await clock.advance(2_000);
    await pass;
    await clock.advance(5_000);
  }
  const { body } = metrics.render();
  for (const line of ["duration_seconds_sum 4", "duration_seconds_count 2", "interval_seconds_sum 5"])
    assert.ok(body.includes(`\nkubelet_pleg_relist_${line}\n`), line);
});
