import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RealClock } from "../../base/index.ts";
import { type EtcdServer, eventually, skipEtcd, startEtcd } from "../../testing/index.ts";
import { bytes, freshPrefix, keysBelow, put, takeEvents, takeProgress } from "../conformance/engine.ts";
import type { Store } from "../contract.ts";
import { connectEtcdStore } from "./connect.ts";

const clock = new RealClock();

describe("etcd, three members", { skip: skipEtcd }, () => {
  let servers: EtcdServer[] = [];
  let store: Store;

  before(async () => {
    servers = await startEtcd({ members: 3 });
    const endpoints = servers.map(({ endpoint }) => endpoint);
    store = await eventually(() => connectEtcdStore({ clock, endpoints, requestTimeoutMs: 5000 }));
  });
  after(async () => {
    await store.close();
    await Promise.all(servers.map((server) => server.remove()));
  });

  it("goes on when the member in use dies, and no watch misses or repeats a change", async () => {
    const prefix = freshPrefix();
    const start = await eventually(() => store.currentRevision());
    const watch = store.watch(prefix, start);
    // Once, though an attempt that failed may have been carried out.
    const create = (name: string) => {
      const key = `${prefix}${name}`;
      return eventually(() => store.transact([{ key, modRevision: 0 }], [{ type: "put", key, value: bytes("1") }]));
    };
    await create("before");
    await takeEvents(watch, 1);
    await servers[0]?.kill();
    // Another client, which would find out about the death of the first member by itself.
    await create("during");
    await create("after");
    const events = await takeEvents(watch, 2);
    const names = events.map((event) => (event.type === "put" ? event.entry.key.slice(prefix.length) : ""));
    assert.deepEqual(names, ["during", "after"]);
    assert.deepEqual(await eventually(() => keysBelow(store, prefix)), ["after", "before", "during"]);
    watch.requestProgress();
    const { revision } = await takeProgress(watch);
    assert.equal(revision, await eventually(() => store.currentRevision()));
    watch.close();
    servers[0]?.start();
  });

  it("says that it is unavailable when a majority is gone, and recovers with it", async () => {
    const prefix = freshPrefix();
    await eventually(() => put(store, `${prefix}a`, "1"));
    await Promise.all([servers[1]?.kill(), servers[2]?.kill()]);
    await assert.rejects(put(store, `${prefix}b`, "1"), { name: "StoreUnavailableError", retryable: true });
    await assert.rejects(store.list(prefix), { name: "StoreUnavailableError" }, "a stale read is no answer");
    servers[1]?.start();
    servers[2]?.start();
    await eventually(() => put(store, `${prefix}c`, "1"));
    assert.ok((await eventually(() => keysBelow(store, prefix))).includes("c"));
  });
});

describe("etcd that cannot be reached", () => {
  it("is an error soon", async () => {
    const options = { clock, endpoints: ["http://127.0.0.1:1"], requestTimeoutMs: 500 };
    await assert.rejects(connectEtcdStore(options), { name: "StoreUnavailableError" });
    await assert.rejects(connectEtcdStore({ clock, endpoints: ["127.0.0.1:2379"] }), { name: "InvalidRequestError" });
  });
});
