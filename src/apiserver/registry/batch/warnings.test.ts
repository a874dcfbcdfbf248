import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldPath } from "../../../apimachinery/index.ts";
import { hostnameWarnings } from "../common/pod-warnings.ts";
import { jobWarnings } from "./warnings.ts";

test("names that make surprising hostnames are warned of", () => {
  assert.deepEqual(hostnameWarnings("a-1"), []);
  assert.deepEqual(hostnameWarnings("a.b"), [
    "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
  ]);
});

test("jobs too large to be tracked are warned of", () => {
  const template = { metadata: {}, spec: { containers: [] } };
  const path = fieldPath("spec");
  const [warning = ""] = jobWarnings(
    { template, completionMode: "Indexed", completions: 100_001, parallelism: 10_001 },
    path,
  );
  assert.match(warning, /^spec: In Indexed Jobs with a number of completions higher than 10\^5/);
  assert.deepEqual(
    jobWarnings({ template, completionMode: "Indexed", completions: 100_001, parallelism: 1 }, path),
    [],
  );
});
