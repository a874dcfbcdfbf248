import assert from "node:assert/strict";
import { test } from "node:test";
import { type KubeObject, StatusError } from "../../apimachinery/index.ts";
import { RealClock } from "../../base/index.ts";
import { createMemoryStore } from "../../storage/index.ts";
import { startControlPlane } from "../../testing/index.ts";

test("a page asked for too late is refused with a token that continues, though not at one revision", async () => {
  const store = createMemoryStore({ clock: new RealClock() });
  const first = await startControlPlane({ store });
  const maps = { group: "", version: "v1", resource: "configmaps" };
  const create = (name: string) =>
    first.client
      .resource<KubeObject>(maps)
      .namespace("default")
      .create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
  for (const name of ["a", "b", "c"]) await create(name);
  const page = await first.client.resource(maps).namespace("default").list({ limit: 1 });
  await create("d");
  await first.halt();
  await store.compact(await store.currentRevision());
  // Another server has no snapshot of that revision at hand.
  const second = await startControlPlane({ store });
  try {
    const list = second.client.resource(maps).namespace("default");
    const later = list.list({ limit: 9, continue: page.metadata.continue ?? "" });
    const error = await later.then(
      () => assert.fail("the page was served"),
      (reason: unknown) => reason as StatusError,
    );
    assert.ok(error instanceof StatusError);
    assert.deepEqual([error.code, error.reason], [410, "Expired"]);
    assert.match(error.message, /^The provided continue parameter is too old to display a consistent list result\./);
    const token = (error.status.metadata as { continue?: string }).continue ?? "";
    const { items } = await list.list({ limit: 9, continue: token });
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["b", "c", "d"],
    );
  } finally {
    await second.stop();
    await store.close();
  }
});
