import assert from "node:assert/strict";
import { test } from "node:test";
import { loadScheme } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { jsonPatched } from "./json-patched.ts";

const codec = loadScheme().codec({ group: "resource.k8s.io", version: "v1", kind: "ResourceClaim" });
const managedFields = [{ manager: "m" }];
const claim = { metadata: { name: "c", managedFields }, spec: { devices: {} } } as unknown as KubeObject;
const patched = (...patch: unknown[]) => jsonPatched(claim, patch, codec) as KubeObject & { status?: unknown };

test("a JSON patch finds structs that hold nothing, as in the text of the object", () => {
  const made = patched({ op: "add", path: "/status/allocation", value: {} });
  assert.deepEqual(made.status, { allocation: {} });
  assert.equal(made.metadata.managedFields, managedFields);
  assert.deepEqual(patched({ op: "test", path: "/status", value: {} }).metadata, claim.metadata);
  assert.deepEqual(claim, { metadata: { name: "c", managedFields }, spec: { devices: {} } });
});

test("a JSON patch does not find pointers that are not set", () => {
  assert.throws(() => patched({ op: "add", path: "/status/allocation/devices", value: {} }), { code: 422 });
  assert.throws(() => patched({ op: "remove", path: "/metadata/labels" }), { code: 422 });
});
