import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog, VirtualClock } from "../../base/index.ts";
import { createMemoryStore } from "../../storage/index.ts";
import { ServerLeases } from "./server-leases.ts";

test("servers over one store see each other come, leave and die", async () => {
  const clock = new VirtualClock();
  const store = createMemoryStore({ clock });
  let told: readonly string[] = [];
  const publish = async (addresses: readonly string[]): Promise<void> => {
    told = addresses;
  };
  const server = (address: string) => new ServerLeases({ store, clock, log: silentLog, address, publish });
  const [living, leaving, dying] = [server("192.0.2.1"), server("192.0.2.2"), server("192.0.2.3")];
  const [alive, dead] = [new AbortController(), new AbortController()];
  await living.start(alive.signal);
  await leaving.start(alive.signal);
  await dying.start(dead.signal);
  assert.deepEqual(told, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);

  await leaving.stop();
  assert.deepEqual(told, ["192.0.2.1", "192.0.2.3"]);
  await clock.advance(30_000);
  assert.deepEqual(told, ["192.0.2.1", "192.0.2.3"], "leases are renewed");

  dead.abort();
  await clock.advance(30_000);
  assert.deepEqual(told, ["192.0.2.1"]);
  alive.abort();
  await store.close();
});
