import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../apimachinery/index.ts";
import { startControlPlane } from "../../testing/index.ts";
import { builtInStrategies } from "../registry/strategies.ts";

test("the watch cache tells what it took in and what lists cost it", async () => {
  const { client, stop } = await startControlPlane({ strategies: builtInStrategies });
  try {
    const read = async (path: string): Promise<string> =>
      Buffer.from((await client.raw({ method: "GET", path })).body).toString();
    await read("/api/v1/pods");
    const pods = client.resource<KubeObject & { spec: unknown }>({ group: "", version: "v1", resource: "pods" });
    for (const [name, nodeName] of [
      ["a", "one"],
      ["b", "two"],
      ["c", "two"],
    ]) {
      const spec = { nodeName, containers: [{ name: "x", image: "x" }] };
      await pods.namespace("default").create({ metadata: { name: name ?? "", labels: { name: name ?? "" } }, spec });
    }
    await read("/api/v1/namespaces/default/pods");
    await read("/api/v1/namespaces/default/pods?labelSelector=name%3Da");
    await read("/api/v1/pods?fieldSelector=spec.nodeName%3Dtwo");
    const text = await read("/metrics");
    const shown = (name: string): readonly string[] =>
      [...text.matchAll(new RegExp(`^${name}\\{(.*resource="pods".*)\\} (\\d+)$`, "gm"))].map(
        ([, labels, value]) => `${labels} ${value}`,
      );
    const here = 'group="",resource="pods"';
    assert.deepEqual(shown("apiserver_cache_list_total"), [`${here},index="" 3`, `${here},index="f:spec.nodeName" 1`]);
    assert.deepEqual(shown("apiserver_cache_list_fetched_objects_total"), [
      `${here},index="" 6`,
      `${here},index="f:spec.nodeName" 2`,
    ]);
    assert.deepEqual(shown("apiserver_cache_list_returned_objects_total"), [`${here} 6`]);
    assert.deepEqual(shown("apiserver_watch_cache_events_received_total"), [`${here} 3`]);
    assert.deepEqual(shown("apiserver_watch_cache_events_dispatched_total"), [`${here} 3`]);
    assert.deepEqual(shown("apiserver_watch_cache_initializations_total"), [`${here} 1`]);
    assert.deepEqual(shown("watch_cache_capacity"), [`${here} 16384`]);
    assert.deepEqual(shown("apiserver_resource_objects"), [`${here} 3`]);
  } finally {
    await stop();
  }
});
