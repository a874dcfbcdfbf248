import assert from "node:assert/strict";
import { test } from "node:test";
import { isStatusError, type KubeObject } from "../apimachinery/index.ts";
import { startControlPlane, type TestControlPlane } from "../testing/index.ts";

const configMaps = { group: "", version: "v1", resource: "configmaps" };
const pods = { group: "", version: "v1", resource: "pods" };

async function withControlPlane(work: (plane: TestControlPlane) => Promise<void>): Promise<void> {
  const plane = await startControlPlane();
  try {
    await work(plane);
  } finally {
    await plane.stop();
  }
}

function configMap(name: string, data: Record<string, string> = {}): KubeObject & { data: Record<string, string> } {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { app: name } }, data };
}

test("an object is created, read, replaced and deleted", () =>
  withControlPlane(async ({ client }) => {
    const maps = client.resource<ReturnType<typeof configMap>>(configMaps).namespace("default");
    const created = await maps.create(configMap("a", { x: "1" }));
    assert.match(created.metadata.uid ?? "", /^[0-9a-f-]{36}$/);
    assert.ok(Object.isFrozen(created.data));
    const read = await maps.get("a");
    assert.deepEqual(read, created);
    const replaced = await maps.update({ ...read, data: { x: "2" } });
    assert.notEqual(replaced.metadata.resourceVersion, created.metadata.resourceVersion);
    await assert.rejects(maps.update({ ...created, data: { x: "3" } }), (error) => isStatusError(error, "Conflict"));
    await maps.delete("a");
    await assert.rejects(maps.get("a"), (error) => isStatusError(error, "NotFound"));
  }));

test("an update that changes nothing writes nothing", () =>
  withControlPlane(async ({ client }) => {
    const maps = client.resource<ReturnType<typeof configMap>>(configMaps).namespace("default");
    const created = await maps.create(configMap("a", { x: "1" }));
    const same = await maps.update(created);
    assert.equal(same.metadata.resourceVersion, created.metadata.resourceVersion);
  }));

test("a watch sees objects start and cease to match its selector", () =>
  withControlPlane(async ({ client }) => {
    const maps = client.resource<ReturnType<typeof configMap>>(configMaps).namespace("default");
    const { metadata } = await maps.list();
    const first = await maps.create(configMap("a"));
    const second = await maps.update({ ...first, metadata: { ...first.metadata, labels: { app: "b" } } });
    await maps.update({ ...second, metadata: { ...second.metadata, labels: { app: "a" } } });
    await maps.delete("a");
    const seen: string[] = [];
    for await (const event of maps.watch({ labelSelector: "app=b", resourceVersion: metadata.resourceVersion ?? "" })) {
      seen.push(event.type === "ERROR" ? "ERROR" : `${event.type} ${event.object.metadata.labels?.["app"]}`);
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, ["ADDED b", "DELETED b"]);
  }));

test("initial events end with a bookmark that says so", () =>
  withControlPlane(async ({ client }) => {
    const maps = client.resource<ReturnType<typeof configMap>>(configMaps).namespace("default");
    await maps.create(configMap("a"));
    const options = {
      sendInitialEvents: true,
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: true,
    } as const;
    const seen: string[] = [];
    for await (const event of maps.watch(options)) {
      if (event.type === "ERROR") break;
      seen.push(event.type);
      if (event.type !== "BOOKMARK") continue;
      assert.equal(event.object.metadata.annotations?.["k8s.io/initial-events-end"], "true");
      break;
    }
    assert.deepEqual(seen, ["ADDED", "BOOKMARK"]);
  }));

test("pages show the state of the first page", () =>
  withControlPlane(async ({ client }) => {
    const maps = client.resource<ReturnType<typeof configMap>>(configMaps).namespace("default");
    for (let index = 0; index < 10; index += 1) await maps.create(configMap(`m${index}`));
    const first = await maps.list({ limit: 4 });
    assert.equal(first.metadata.remainingItemCount, 6);
    await maps.delete("m5");
    const second = await maps.list({ limit: 4, continue: first.metadata.continue ?? "" });
    assert.deepEqual(
      second.items.map((item) => item.metadata.name),
      ["m4", "m5", "m6", "m7"],
    );
    const last = await maps.list({ limit: 4, continue: second.metadata.continue ?? "" });
    assert.deepEqual(
      last.items.map((item) => item.metadata.name),
      ["m8", "m9"],
    );
    assert.equal(last.metadata.continue, undefined);
  }));

test("finalizers hold a deleted object until the last one goes", () =>
  withControlPlane(async ({ client }) => {
    const maps = client.resource<ReturnType<typeof configMap>>(configMaps).namespace("default");
    const object = configMap("a");
    object.metadata.finalizers = ["example.com/hold"];
    await maps.create(object);
    await maps.delete("a");
    const held = await maps.get("a");
    assert.ok(held.metadata.deletionTimestamp);
    const { finalizers: _gone, ...metadata } = held.metadata;
    await maps.update({ ...held, metadata });
    await assert.rejects(maps.get("a"), (error) => isStatusError(error, "NotFound"));
  }));

test("patches are retried when another writer comes in between", () =>
  withControlPlane(async ({ client }) => {
    const maps = client.resource<ReturnType<typeof configMap>>(configMaps).namespace("default");
    await maps.create(configMap("a"));
    const writes = Array.from({ length: 10 }, (_, index) =>
      maps.patch("a", { type: "merge", body: { data: { [`k${index}`]: "v" } } }),
    );
    await Promise.all(writes);
    assert.equal(Object.keys((await maps.get("a")).data).length, 10);
  }));

test("generated names come from the prefix", () =>
  withControlPlane(async ({ client }) => {
    const maps = client.resource(configMaps).namespace("default");
    const created = await maps.create({ metadata: { generateName: "job-" } });
    assert.match(created.metadata.name ?? "", /^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  }));

test("the first request is served soon after the start", async () => {
  // Of this thread's work, since others may work on the machine as well.
  const before = process.threadCpuUsage();
  await withControlPlane(async ({ client }) => {
    await client.resource(pods).list();
  });
  const { user, system } = process.threadCpuUsage(before);
  const workedMs = (user + system) / 1_000;
  assert.ok(workedMs < 500, `${workedMs} ms`);
});
