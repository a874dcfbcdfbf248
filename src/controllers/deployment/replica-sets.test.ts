import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, PodTemplateSpec, ReplicaSet } from "../../api/index.ts";
import { maxRevision, updateNewSetAnnotations } from "./annotations.ts";
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

test("revisions are counted in 64 bits", () => {
  const set = (revision: string): ReplicaSet => {
    const made = newSetFor(stored);
    return { ...made, metadata: { ...made.metadata, annotations: { "deployment.kubernetes.io/revision": revision } } };
  };
  const highest = maxRevision([set("7"), set("3546343826724305832"), set("9223372036854775808"), set("x")]);
  assert.equal(highest, 3_546_343_826_724_305_832n);
  const next = set("1");
  updateNewSetAnnotations(stored, next, highest + 1n);
  assert.equal(next.metadata.annotations?.["deployment.kubernetes.io/revision"], "3546343826724305833");
});
