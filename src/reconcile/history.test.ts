import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControllerRevision, PodTemplateSpec } from "../api/index.ts";
import type { KubeObject } from "../apimachinery/index.ts";
import type { ResourceClient } from "../client/index.ts";
import { findOrCreateRevision, newRevision, type RevisionOwner } from "./history.ts";

const object: KubeObject = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "d", uid: "u" } };
const kind = { group: "apps", version: "v1", kind: "DaemonSet", resource: "daemonsets", namespaced: true } as const;
const nobody = {} as ResourceClient<ControllerRevision>;

function owner(spec: object): RevisionOwner {
  const template: PodTemplateSpec = { metadata: {}, spec: { containers: [], ...spec } };
  return { object, kind: kind as unknown as RevisionOwner["kind"], template, collisionCount: undefined };
}

test("a revision stored without the old name of the service account is the present one", async () => {
  const stored = owner({ serviceAccountName: "a" });
  const read = owner({ serviceAccountName: "a", serviceAccount: "a" });
  const known = newRevision(stored, 1);
  const { current } = await findOrCreateRevision(nobody, read, [known]);
  assert.equal(current, known);
  const again = newRevision(read, 1);
  assert.equal(again.metadata.name, known.metadata.name);
  assert.deepEqual(again.data, {
    spec: {
      template: {
        metadata: {},
        spec: { containers: [], serviceAccountName: "a", serviceAccount: "a" },
        $patch: "replace",
      },
    },
  });
  assert.equal((await findOrCreateRevision(nobody, stored, [again])).current, again);
  await assert.rejects(findOrCreateRevision(nobody, owner({ serviceAccountName: "b" }), [known]), TypeError);
});

test("a revision says what upstream's says of its owner, in the same order", () => {
  const of = owner({ serviceAccountName: "a", hostNetwork: true });
  const annotated = { ...of.object, metadata: { ...of.object.metadata, annotations: { why: "new" } } };
  const { metadata, data } = newRevision({ ...of, object: annotated, hashLabel: "controller-revision-hash" }, 1);
  assert.equal(
    JSON.stringify((data as { spec: unknown }).spec),
    JSON.stringify({
      template: {
        $patch: "replace",
        metadata: of.template.metadata,
        spec: { containers: [], hostNetwork: true, serviceAccountName: "a" },
      },
    }),
  );
  assert.deepEqual(metadata.annotations, { why: "new" });
  assert.equal(metadata.name?.endsWith(`-${metadata.labels?.["controller-revision-hash"]}`), true);
});
