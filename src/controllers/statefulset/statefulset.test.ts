import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatefulSet } from "../../api/index.ts";
import { type Fixture, makeReady, runPods, withControllers } from "../fixture.ts";
import { statefulSetController } from "./statefulset-controller.ts";

function database(replicas: number, spec: Partial<StatefulSet["spec"]> = {}): StatefulSet {
  const labels = { app: "db" };
  return {
    metadata: { name: "db", namespace: "default" },
    spec: {
      replicas,
      serviceName: "db",
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "db", image: "db:1" }] } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      podManagementPolicy: "OrderedReady",
      ...spec,
    },
  };
}

const names = (fixture: Fixture): string =>
  fixture
    .all("pods")
    .map(({ metadata }) => metadata.name)
    .sort()
    .join(" ");
const images = (fixture: Fixture): string =>
  [...fixture.all("pods")]
    .sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1))
    .map(({ spec }) => spec.containers[0]?.image)
    .join(" ");

async function setImage(fixture: Fixture, image: string): Promise<void> {
  await fixture.change("statefulsets", "default/db", (set) => {
    set.spec.template.spec.containers = [{ name: "db", image }];
  });
}

test("pods come one after the other, with their names and claims, and go in reverse", async () => {
  await withControllers([statefulSetController], async (fixture) => {
    const claim = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce" as const] } };
    await fixture.put("statefulsets", database(3, { volumeClaimTemplates: [claim] }));
    await fixture.settle();
    assert.equal(names(fixture), "db-0");
    await runPods(fixture, 1);
    await fixture.settle();
    assert.equal(names(fixture), "db-0 db-1");
    await runPods(fixture);
    assert.equal(names(fixture), "db-0 db-1 db-2");
    const pod = fixture.get("pods", "default/db-2");
    assert.deepEqual(
      [pod?.spec.hostname, pod?.spec.subdomain, pod?.metadata.labels?.["apps.kubernetes.io/pod-index"]],
      ["db-2", "db", "2"],
    );
    assert.equal(pod?.spec.volumes?.[0]?.persistentVolumeClaim?.claimName, "data-db-2");
    assert.deepEqual(
      fixture.all("persistentvolumeclaims").map(({ metadata }) => metadata.name),
      ["data-db-0", "data-db-1", "data-db-2"],
    );
    const { status } = fixture.get("statefulsets", "default/db") ?? database(0);
    assert.deepEqual(
      [
        status?.replicas,
        status?.readyReplicas,
        status?.currentReplicas,
        status?.updatedReplicas,
        status?.availableReplicas,
      ],
      [3, 3, 3, 3, 3],
    );
    assert.ok(fixture.events("db").includes("Normal SuccessfulCreate: Create Pod db-1 in StatefulSet db successful"));
    assert.ok(
      fixture
        .events("db")
        .includes("Normal SuccessfulCreate: Create Claim data-db-1 Pod db-1 in StatefulSet db success"),
    );
    await fixture.change("statefulsets", "default/db", (set) => {
      set.spec.replicas = 1;
    });
    const order: string[] = [];
    fixture.client.store.table("pods").listeners.add(({ type, object }) => {
      if (type === "DELETED") order.push(object.metadata.name ?? "");
    });
    await fixture.advance(100);
    assert.deepEqual(order, ["db-2", "db-1"]);
    assert.equal(fixture.all("persistentvolumeclaims").length, 3);
  });
});

test("a rolling update goes from the highest ordinal down, and stops at its partition", async () => {
  await withControllers([statefulSetController], async (fixture) => {
    await fixture.put(
      "statefulsets",
      database(3, { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } }),
    );
    await runPods(fixture);
    await setImage(fixture, "db:2");
    const order: string[] = [];
    fixture.client.store.table("pods").listeners.add(({ type, object }) => {
      if (type === "DELETED") order.push(object.metadata.name ?? "");
    });
    for (let round = 0; round < 10; round += 1) {
      await runPods(fixture, 1);
      await fixture.settle();
      assert.ok(fixture.all("pods").length >= 2);
    }
    assert.equal(images(fixture), "db:1 db:2 db:2");
    assert.deepEqual(order, ["db-2", "db-1"]);
    await fixture.remove("pods", "default/db-0");
    await runPods(fixture);
    assert.equal(images(fixture), "db:1 db:2 db:2", "below the partition the old revision comes back");
    await fixture.change("statefulsets", "default/db", (set) => {
      set.spec.updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 0 } };
    });
    for (let round = 0; round < 5; round += 1) await runPods(fixture);
    assert.equal(images(fixture), "db:2 db:2 db:2");
    const { status } = fixture.get("statefulsets", "default/db") ?? database(0);
    assert.equal(status?.currentRevision, status?.updateRevision);
  });
});

test("an ordered set waits for a pod that is not ready; a broken update stays where it is", async () => {
  await withControllers([statefulSetController], async (fixture) => {
    await fixture.put("statefulsets", database(3));
    await runPods(fixture);
    await setImage(fixture, "db:broken");
    await fixture.settle();
    await fixture.advance(60_000);
    assert.equal(images(fixture), "db:1 db:1 db:broken");
  });
});

test("a parallel set makes all at once; a failed pod is made again under its name", async () => {
  await withControllers([statefulSetController], async (fixture) => {
    await fixture.put("statefulsets", database(3, { podManagementPolicy: "Parallel" }));
    await fixture.settle();
    assert.equal(names(fixture), "db-0 db-1 db-2");
    for (const pod of fixture.all("pods")) makeReady(fixture, pod);
    const before = fixture.get("pods", "default/db-1")?.metadata.uid;
    fixture.force("pods", "default/db-1", (pod) => {
      pod.status = { ...pod.status, phase: "Failed" };
    });
    await fixture.settle();
    assert.equal(names(fixture), "db-0 db-1 db-2");
    assert.notEqual(fixture.get("pods", "default/db-1")?.metadata.uid, before);
    assert.ok(
      fixture
        .events("db")
        .includes("Warning RecreatingFailedPod: StatefulSet default/db is recreating failed Pod db-1"),
    );
  });
});
