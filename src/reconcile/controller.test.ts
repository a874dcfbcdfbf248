import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigMap } from "../api/index.ts";
import { SeededRandom, silentLog, VirtualClock } from "../base/index.ts";
import { FakeClient, informerOf, keyOf, kinds, SharedInformerFactory } from "../client/index.ts";
import type { Reconciler } from "./contract.ts";
import { Controller } from "./controller.ts";
import { where } from "./predicate.ts";

interface Bench {
  readonly clock: VirtualClock;
  readonly client: FakeClient;
  readonly seen: string[];
}

async function withController(
  reconciler: (bench: Bench) => Reconciler,
  work: (bench: Bench) => Promise<void>,
  retriesMax?: number,
): Promise<void> {
  const clock = new VirtualClock();
  const bench: Bench = { clock, client: new FakeClient({ clock }), seen: [] };
  const factory = new SharedInformerFactory({
    client: bench.client,
    clock,
    random: new SeededRandom(1),
    log: silentLog,
  });
  const maps = informerOf(factory, kinds.configmaps);
  const controller = new Controller({
    name: "test",
    clock,
    log: silentLog,
    reconciler: reconciler(bench),
    ...(retriesMax === undefined ? {} : { retriesMax }),
  });
  controller.watch(maps, (map) => [keyOf(map)], {
    predicate: where((map) => map.metadata.labels?.["watch"] === "yes"),
  });
  const stop = new AbortController();
  const running = [factory.run(stop.signal), controller.run(stop.signal)];
  await clock.settle();
  try {
    await work(bench);
  } finally {
    stop.abort();
    await clock.runUntilIdle();
    await Promise.all(running);
  }
}

function map(name: string, watch: string): ConfigMap {
  return { metadata: { name, namespace: "default", labels: { watch } } };
}

async function create({ client, clock }: Bench, ...maps: readonly ConfigMap[]): Promise<void> {
  for (const one of maps) await client.resource<ConfigMap>(kinds.configmaps).namespace("default").create(one);
  await clock.settle();
}

test("keys of what passes the predicate come to the reconciler, and come again when it asks", async () => {
  const reconciler = ({ seen, clock }: Bench): Reconciler => ({
    reconcile: async (key) => {
      seen.push(`${key} ${clock.monotonic()}`);
      return seen.length < 3 ? { requeueAfterMs: 1_000 } : undefined;
    },
  });
  await withController(reconciler, async (bench) => {
    await create(bench, map("a", "yes"), map("b", "no"));
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.seen, ["default/a 0", "default/a 1000", "default/a 2000"]);
  });
});

test("a failure waits longer each time, and is given up after the limit", async () => {
  const reconciler = ({ seen, clock }: Bench): Reconciler => ({
    reconcile: async () => {
      seen.push(String(clock.monotonic()));
      throw new Error("no");
    },
  });
  await withController(
    reconciler,
    async (bench) => {
      await create(bench, map("a", "yes"));
      await bench.clock.advance(60_000);
      assert.deepEqual(bench.seen, ["0", "5", "15", "35", "75"]);
    },
    4,
  );
});

test("run waits for the work that is going on", async () => {
  let ended = false;
  const reconciler = ({ clock }: Bench): Reconciler => ({
    reconcile: async () => {
      await clock.sleep(5_000);
      ended = true;
    },
  });
  await withController(reconciler, (bench) => create(bench, map("a", "yes")));
  assert.equal(ended, true);
});
