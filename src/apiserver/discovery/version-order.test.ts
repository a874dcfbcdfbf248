import assert from "node:assert/strict";
import { it } from "node:test";
import { compareVersions } from "./version-order.ts";

it("orders versions by stage, then by number, as Kubernetes documents it", () => {
  const ordered = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
  assert.deepEqual(ordered.toReversed().sort(compareVersions), ordered);
});
