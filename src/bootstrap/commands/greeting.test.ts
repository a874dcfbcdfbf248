import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterConfig } from "../cluster/config.ts";
import { greeting } from "./greeting.ts";

const config = { name: "lab", port: 6444, nodes: [] } as unknown as ClusterConfig;
const node = {} as ClusterConfig["nodes"][number];

test("up says what there is, and only what can be done with it", () => {
  const one = greeting({ ...config, nodes: [node] }, true, "2.4");
  assert.match(one, /^Cluster lab is ready after 2\.4 s: one node, API server at https:\/\/127\.0\.0\.1:6444\.\n/);
  assert.match(one, /kubectl create deployment web/);
  assert.match(one, /\.\/k8ts image import FILE --name lab {3,}bring your own image/);
  for (const [isRoot, extent] of [
    [true, "a control plane without nodes"],
    [false, "a control plane (nodes need root)"],
  ] as const) {
    const none = greeting(config, isRoot, "0.9");
    assert.ok(none.includes(extent), none);
    assert.doesNotMatch(none, /deployment|image/);
  }
});
