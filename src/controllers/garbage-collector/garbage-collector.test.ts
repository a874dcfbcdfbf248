import assert from "node:assert/strict";
import { test } from "node:test";
import type { OwnerReference } from "../../apimachinery/index.ts";
import { kinds } from "../../client/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { garbageCollectorController } from "./garbage-collector-controller.ts";

const namespace = "default";

function ownedBy(kind: "Deployment" | "ReplicaSet", name: string, more: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion: "apps/v1", kind, name, uid: `uid-${name}`, controller: true, blockOwnerDeletion: true, ...more };
}

/** web (Deployment) → web-1 (ReplicaSet) → a, b (Pods), and c with an owner that never was. */
async function seed(fixture: Fixture): Promise<void> {
  fixture.client.serveDiscovery([kinds.pods, kinds.replicasets, kinds.deployments]);
  const template = { metadata: {}, spec: { containers: [] } };
  await fixture.put("deployments", { metadata: { name: "web", namespace }, spec: { selector: {}, template } });
  await fixture.put("replicasets", {
    metadata: { name: "web-1", namespace, ownerReferences: [ownedBy("Deployment", "web")] },
    spec: { selector: {} },
  });
  for (const name of ["a", "b"]) {
    await fixture.put("pods", {
      metadata: { name, namespace, ownerReferences: [ownedBy("ReplicaSet", "web-1")] },
      spec: { containers: [] },
    });
  }
}

function names(fixture: Fixture): string {
  return (["deployments", "replicasets", "pods"] as const)
    .flatMap((kind) => fixture.all(kind).map(({ metadata }) => metadata.name))
    .join(" ");
}

function collected(work: (fixture: Fixture) => Promise<void>): Promise<void> {
  return withControllers([garbageCollectorController], work, { seed });
}

test("background: dependents go after their owner", async () => {
  await collected(async (fixture) => {
    await fixture.settle();
    assert.equal(names(fixture), "web web-1 a b");
    await fixture.api.deployments.namespace(namespace).delete("web", { propagationPolicy: "Background" });
    await fixture.settle();
    assert.equal(names(fixture), "");
  });
});

test("orphan: dependents stay, without their owner", async () => {
  await collected(async (fixture) => {
    await fixture.api.deployments.namespace(namespace).delete("web", { propagationPolicy: "Orphan" });
    await fixture.settle();
    assert.equal(names(fixture), "web-1 a b");
    assert.deepEqual(fixture.get("replicasets", "default/web-1")?.metadata.ownerReferences ?? [], []);
  });
});

test("foreground: the owner goes last, when no dependent blocks it any more", async () => {
  await collected(async (fixture) => {
    const order: string[] = [];
    for (const table of ["deployments.apps", "replicasets.apps", "pods"]) {
      fixture.client.store.table(table).listeners.add(({ type, object }) => {
        if (type === "DELETED") order.push(object.metadata.name ?? "");
      });
    }
    await fixture.api.deployments.namespace(namespace).delete("web", { propagationPolicy: "Foreground" });
    await fixture.settle();
    assert.deepEqual(order, ["a", "b", "web-1", "web"]);
  });
});

test("an owner that never was: its dependents go", async () => {
  await collected(async (fixture) => {
    await fixture.put("pods", {
      metadata: { name: "c", namespace, ownerReferences: [ownedBy("ReplicaSet", "ghost")] },
      spec: { containers: [] },
    });
    await fixture.settle();
    assert.equal(names(fixture), "web web-1 a b");
  });
});

test("an owner of that name but another uid does not count; one of two owners is enough to stay", async () => {
  await collected(async (fixture) => {
    const stale = ownedBy("ReplicaSet", "web-1", { uid: "another" });
    await fixture.put("pods", {
      metadata: { name: "c", namespace, ownerReferences: [stale] },
      spec: { containers: [] },
    });
    const both = [{ ...stale, controller: false }, ownedBy("Deployment", "web")];
    await fixture.put("pods", { metadata: { name: "d", namespace, ownerReferences: both }, spec: { containers: [] } });
    await fixture.settle();
    assert.equal(names(fixture), "web web-1 a b d");
    assert.deepEqual(
      fixture.get("pods", "default/d")?.metadata.ownerReferences?.map(({ uid }) => uid),
      ["uid-web"],
    );
  });
});

test("a kind that nobody serves keeps its dependents", async () => {
  await collected(async (fixture) => {
    const reference = { apiVersion: "example.com/v1", kind: "Widget", name: "w", uid: "uid-w" };
    await fixture.put("pods", {
      metadata: { name: "c", namespace, ownerReferences: [reference] },
      spec: { containers: [] },
    });
    await fixture.advance(5_000);
    assert.ok(fixture.get("pods", "default/c"));
  });
});
