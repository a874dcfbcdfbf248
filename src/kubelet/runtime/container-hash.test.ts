import assert from "node:assert/strict";
import { test } from "node:test";
import { containerHash } from "./container-hash.ts";

test("the hash is the one upstream writes into io.kubernetes.container.hash", () => {
  assert.equal(containerHash({ name: "test_container", image: "foo/image:v1" }), "8e45cbd0");
});

test("another image is another hash", () => {
  assert.notEqual(containerHash({ name: "a", image: "x:1" }), containerHash({ name: "a", image: "x:2" }));
});
