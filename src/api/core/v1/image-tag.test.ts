import assert from "node:assert/strict";
import { test } from "node:test";
import { pullPolicyFor } from "./image-tag.ts";

const sha256 = "a".repeat(64);
const always = ["x", "x:latest", "a/b", "r.example:5000/a/b:latest", "[fd00::1]:5000/a", `x:latest@sha256:${sha256}`];
const ifNotPresent = ["", " x", "x:1", "A", "a.b/C", `x@sha256:${sha256}`, sha256, "x@sha256:abcd", "x@md5:" + sha256];

test("images without a tag and with the tag latest are pulled always", () => {
  for (const image of always) assert.equal(pullPolicyFor(image), "Always", image);
  assert.equal(pullPolicyFor("x".repeat(247)), "Always");
});

test("images with another tag, and what is no name of an image, are pulled if they are not there", () => {
  for (const image of ifNotPresent) assert.equal(pullPolicyFor(image), "IfNotPresent", image);
  assert.equal(pullPolicyFor("x".repeat(248)), "IfNotPresent");
});
