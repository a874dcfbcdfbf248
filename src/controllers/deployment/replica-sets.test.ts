import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, PodTemplateSpec, ReplicaSet } from "../../api/index.ts";
import { findNewSet, newSetFor } from "./replica-sets.ts";

function deployment(spec: object): Deployment {
  const template: PodTemplateSpec = { metadata: { labels: { app: "x" } }, spec: { containers: [], ...spec } };
  const selector = { matchLabels: { app: "x" } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d", uid: "u" }, spec: { selector, template } };
}

const stored = deployment({ serviceAccountName: "a" });
const read = deployment({ serviceAccountName: "a", serviceAccount: "a" });
const old = deployment({ serviceAccount: "a" });

test("what was stored without the old name of the service account does not roll", () => {
  for (const now of [stored, read, old]) {
    const set: ReplicaSet = newSetFor(now);
    for (const later of [stored, read, old]) {
      assert.equal(findNewSet(later, [set]), set);
      assert.equal(newSetFor(later).metadata.name, set.metadata.name);
    }
  }
  assert.equal(
    findNewSet(deployment({ serviceAccountName: "b", serviceAccount: "b" }), [newSetFor(stored)]),
    undefined,
  );
});
