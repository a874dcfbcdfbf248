import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolumeClaim, Pod } from "../api/index.ts";
import type { TypedClient } from "../client/index.ts";
import { type VirtualCluster, withVirtualCluster } from "./index.ts";

const hostname = "kubernetes.io/hostname";

/** Two nodes, of which `b` has a local volume; one class of such, and one with a provisioner. */
function withCluster(body: (cluster: VirtualCluster) => Promise<void>): Promise<void> {
  return withVirtualCluster(async (cluster) => {
    const { api, clock } = cluster;
    for (const name of ["a", "b"]) await addNode(api, name);
    const volumeBindingMode = "WaitForFirstConsumer";
    const local = {
      metadata: { name: "local" },
      provisioner: "kubernetes.io/no-provisioner",
      volumeBindingMode,
    } as const;
    await api.storageclasses.create(local);
    await api.storageclasses.create({ metadata: { name: "made" }, provisioner: "example.com/disk", volumeBindingMode });
    const requirement = { key: hostname, operator: "In" as const, values: ["b"] };
    await api.persistentvolumes.create({
      metadata: { name: "disk-of-b" },
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteOnce"],
        storageClassName: "local",
        local: { path: "/disk" },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [requirement] }] } },
      },
    });
    await clock.advance(1_000);
    await body(cluster);
  });
}

async function addNode(api: TypedClient, name: string): Promise<void> {
  await api.nodes.create({ metadata: { name, labels: { [hostname]: name } }, spec: {} });
  const resources = { cpu: "4", memory: "8Gi", pods: "110" };
  const condition = { type: "Ready", status: "True" } as const;
  const status = { conditions: [condition], capacity: resources, allocatable: resources };
  await api.nodes.patch(name, { type: "merge", body: { status } }, { subresource: "status" });
}

const pod = (name: string, claimName: string): Pod => ({
  metadata: { name },
  spec: {
    containers: [{ name: "c", image: "i" }],
    volumes: [{ name: "data", persistentVolumeClaim: { claimName } }],
  },
});

const claim = (name: string, storageClassName: string): PersistentVolumeClaim => ({
  metadata: { name },
  spec: { storageClassName, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
});

test("pods go where their claims' volumes are, and wait for claims that nobody can bind", () =>
  withCluster(async ({ api, clock }) => {
    const [pods, claims] = [api.pods.namespace("default"), api.persistentvolumeclaims.namespace("default")];
    const why = async (name: string): Promise<string | undefined> =>
      (await pods.get(name)).status?.conditions?.find(({ type }) => type === "PodScheduled")?.message;
    await pods.create(pod("first", "data"));
    await clock.advance(2_000);
    assert.equal(await why("first"), '0/2 nodes are available: persistentvolumeclaim "data" not found. not found');
    await claims.create(claim("data", "local"));
    await clock.advance(20_000);
    assert.equal((await pods.get("first")).spec.nodeName, "b");
    assert.equal((await claims.get("data")).spec.volumeName, "disk-of-b");
    assert.equal((await claims.get("data")).status?.phase, "Bound");

    await pods.create({ ...pod("gated", "data"), spec: { ...pod("", "data").spec, schedulingGates: [{ name: "a" }] } });
    await clock.advance(2_000);
    assert.equal(await why("gated"), "Scheduling is blocked due to non-empty scheduling gates");

    await claims.create(claim("more", "local"));
    await pods.create(pod("second", "more"));
    await claims.create(claim("never", ""));
    await pods.create(pod("third", "never"));
    await clock.advance(5_000);
    assert.match((await why("second")) ?? "", /2 node\(s\) didn't find available persistent volumes to bind/);
    assert.match((await why("third")) ?? "", /pod has unbound immediate PersistentVolumeClaims/);
    assert.equal((await claims.get("more")).metadata.annotations?.["volume.kubernetes.io/selected-node"], undefined);
  }));

test("a provisioner is told the node, and the pod is bound after its volume was made", () =>
  withCluster(async ({ api, clock }) => {
    const [pods, claims] = [api.pods.namespace("default"), api.persistentvolumeclaims.namespace("default")];
    await claims.create(claim("data", "made"));
    await pods.create(pod("first", "data"));
    await clock.advance(5_000);
    const { annotations, uid } = (await claims.get("data")).metadata;
    const node = annotations?.["volume.kubernetes.io/selected-node"];
    assert.ok(node === "a" || node === "b", `told ${node}`);
    assert.equal(annotations?.["volume.kubernetes.io/storage-provisioner"], "example.com/disk");
    assert.equal((await pods.get("first")).spec.nodeName ?? "", "", "not before its volume");
    await api.persistentvolumes.create({
      metadata: { name: "made-1" },
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteOnce"],
        storageClassName: "made",
        csi: { driver: "example.com", volumeHandle: "1" },
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: "default", name: "data", uid },
      },
    });
    await clock.advance(20_000);
    assert.equal((await claims.get("data")).status?.phase, "Bound");
    assert.equal((await pods.get("first")).spec.nodeName, node);
  }));
