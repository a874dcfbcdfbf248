import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupVersionResource, KubeObject } from "../../apimachinery/index.ts";
import { SeededRandom, silentLog, VirtualClock } from "../../base/index.ts";
import { FakeClient, fakeFailure } from "../fake/fake-client.ts";
import { SharedInformerFactory } from "./factory.ts";

const configMaps: GroupVersionResource = { group: "", version: "v1", resource: "configmaps" };

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

function setUp(): {
  clock: VirtualClock;
  client: FakeClient;
  factory: SharedInformerFactory;
  seen: string[];
  stop: () => Promise<void>;
  start: () => void;
} {
  const clock = new VirtualClock();
  const client = new FakeClient({ clock });
  const factory = new SharedInformerFactory({ client, clock, random: new SeededRandom(7), log: silentLog });
  const seen: string[] = [];
  const controller = new AbortController();
  let running: Promise<void> = Promise.resolve();
  return {
    clock,
    client,
    factory,
    seen,
    start: () => {
      running = factory.run(controller.signal);
    },
    stop: async () => {
      controller.abort();
      await running;
    },
  };
}

function configMap(name: string, value = "1"): ConfigMap {
  return { metadata: { name, namespace: "default" }, data: { value } };
}

function note(seen: string[]): {
  onAdd(object: ConfigMap, initial: boolean): void;
  onUpdate(previous: ConfigMap, object: ConfigMap): void;
  onDelete(object: ConfigMap): void;
} {
  return {
    onAdd: (object, initial) => seen.push(`add ${object.metadata.name}${initial ? " initial" : ""}`),
    onUpdate: (previous, object) =>
      seen.push(`update ${object.metadata.name} ${previous.data?.["value"]}>${object.data?.["value"]}`),
    onDelete: (object) => seen.push(`delete ${object.metadata.name}`),
  };
}

test("an informer lists, watches, indexes, and tells its handlers", async () => {
  const { clock, client, factory, seen, start, stop } = setUp();
  const maps = client.resource<ConfigMap>(configMaps).namespace("default");
  await maps.create(configMap("a"));
  const informer = factory.informer<ConfigMap>(configMaps, {
    indexes: { value: (object) => [object.data?.["value"] ?? ""] },
  });
  informer.addHandler(note(seen));
  assert.equal(informer.hasSynced(), false);
  start();
  await clock.settle();
  assert.equal(informer.hasSynced(), true);
  await maps.create(configMap("b"));
  await maps.update(configMap("b", "2"));
  await maps.delete("a");
  await clock.settle();
  assert.deepEqual(seen, ["add a initial", "add b", "update b 1>2", "delete a"]);
  assert.deepEqual(
    informer.lister.byIndex("value", "2").map((object) => object.metadata.name),
    ["b"],
  );
  assert.deepEqual(informer.lister.byIndex("value", "1"), []);
  assert.equal([...informer.lister.listNamespace("default")].length, 1);
  assert.ok(Object.isFrozen(informer.lister.get("default/b")?.data));
  const late: string[] = [];
  informer.addHandler(note(late));
  assert.deepEqual(late, ["add b initial"]);
  await stop();
});

test("a server without streaming lists is listed", async () => {
  const { clock, client, factory, start, stop } = setUp();
  await client.resource<ConfigMap>(configMaps).namespace("default").create(configMap("a"));
  let refusals = 0;
  client.react((action) => {
    if (action.verb !== "watch" || refusals > 0) return;
    refusals += 1;
    throw fakeFailure(
      422,
      "Invalid",
      "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
    );
  });
  const informer = factory.informer<ConfigMap>(configMaps);
  start();
  await clock.settle();
  assert.equal(informer.hasSynced(), true);
  assert.deepEqual(
    client.actions.map((action) => action.verb),
    ["create", "watch", "list", "watch"],
  );
  await stop();
});

test("failures are retried with growing, jittered waits", async () => {
  const { clock, client, factory, start, stop } = setUp();
  let failures = 3;
  const times: number[] = [];
  client.react((action) => {
    if (action.verb !== "watch") return;
    times.push(clock.monotonic());
    if (failures-- > 0) throw fakeFailure(503, "ServiceUnavailable", "later");
  });
  const informer = factory.informer<ConfigMap>(configMaps);
  start();
  await clock.advance(20_000);
  assert.equal(informer.hasSynced(), true);
  const [first = 0, second = 0, third = 0, fourth = 0] = times;
  assert.ok(second - first >= 800 && second - first <= 1600, `${second - first}`);
  assert.ok(third - second >= 1600 && third - second <= 3200, `${third - second}`);
  assert.ok(fourth - third >= 3200 && fourth - third <= 6400, `${fourth - third}`);
  await stop();
});

test("410 makes it list again, and what vanished meanwhile is told as deleted", async () => {
  const { clock, client, factory, seen, start, stop } = setUp();
  const maps = client.resource<ConfigMap>(configMaps).namespace("default");
  await maps.create(configMap("a"));
  await maps.create(configMap("b"));
  const informer = factory.informer<ConfigMap>(configMaps);
  informer.addHandler(note(seen));
  start();
  await clock.settle();
  // The watch breaks, and the server forgets what happened meanwhile.
  const table = client.store.table("configmaps");
  table.listeners.clear();
  await maps.delete("a");
  await maps.update(configMap("b", "2"));
  client.store.compactedBefore = client.store.revision;
  await breakWatches(client, clock);
  assert.deepEqual(seen.slice(2).sort(), ["delete a", "update b 1>2"]);
  assert.equal(informer.lister.size, 1);
  await stop();
});

async function breakWatches(client: FakeClient, clock: VirtualClock): Promise<void> {
  client.store.endWatches("configmaps");
  await clock.advance(60_000);
}
