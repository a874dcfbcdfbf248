import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { persistentVolumeBinderController } from "./persistentvolume-binder-controller.ts";

function volume(name: string, storage: string, spec: Partial<PersistentVolume["spec"]> = {}): PersistentVolume {
  return {
    metadata: { name },
    spec: { capacity: { storage }, accessModes: ["ReadWriteOnce"], persistentVolumeReclaimPolicy: "Retain", ...spec },
  };
}

function claim(
  name: string,
  storage: string,
  spec: Partial<PersistentVolumeClaim["spec"]> = {},
): PersistentVolumeClaim {
  return {
    metadata: { name, namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } }, ...spec },
  };
}

const bound = (fixture: Fixture, name: string): unknown => {
  const { spec, status } = fixture.get("persistentvolumeclaims", `default/${name}`) ?? {};
  return [status?.phase, spec?.volumeName];
};
const phase = (fixture: Fixture, name: string): unknown => fixture.get("persistentvolumes", name)?.status?.phase;
const run = (test_: (fixture: Fixture) => Promise<void>): Promise<void> =>
  withControllers([persistentVolumeBinderController], test_);

test("a claim takes the smallest volume that fits, and keeps it from others", () =>
  run(async (fixture) => {
    await fixture.put(
      "persistentvolumes",
      volume("large", "10Gi"),
      volume("small", "1Gi"),
      volume("medium", "3Gi"),
      volume("classy", "2Gi", { storageClassName: "fast" }),
    );
    await fixture.settle();
    assert.equal(phase(fixture, "small"), "Available");
    await fixture.put("persistentvolumeclaims", claim("a", "2Gi"), claim("b", "2Gi"), claim("c", "2Gi"));
    await fixture.advance(1_000);
    const taken = ["a", "b", "c"].map(
      (name) => fixture.get("persistentvolumeclaims", `default/${name}`)?.spec.volumeName,
    );
    assert.deepEqual([...taken].sort(), ["large", "medium", undefined]);
    assert.equal(phase(fixture, "medium"), "Bound");
    const first = fixture.get("persistentvolumeclaims", "default/a");
    assert.equal(first?.metadata.annotations?.["pv.kubernetes.io/bind-completed"], "yes");
    assert.equal(first?.status?.phase, "Bound");
    assert.ok(
      fixture
        .events("c")
        .includes("Normal FailedBinding: no persistent volumes available for this claim and no storage class is set"),
    );
    await fixture.put("persistentvolumes", volume("late", "5Gi"));
    await fixture.advance(16_000);
    assert.deepEqual(bound(fixture, "c"), ["Bound", "late"]);
  }));

test("a claim that is gone releases its volume; a volume that is gone is a loss", () =>
  run(async (fixture) => {
    await fixture.put(
      "persistentvolumes",
      volume("v", "1Gi"),
      volume("w", "1Gi", { persistentVolumeReclaimPolicy: "Delete" }),
    );
    await fixture.settle();
    await fixture.put(
      "persistentvolumeclaims",
      claim("a", "1Gi", { volumeName: "v" }),
      claim("b", "1Gi", { volumeName: "w" }),
    );
    await fixture.advance(1_000);
    assert.deepEqual(
      [bound(fixture, "a"), bound(fixture, "b")],
      [
        ["Bound", "v"],
        ["Bound", "w"],
      ],
    );
    await fixture.remove("persistentvolumeclaims", "default/a");
    await fixture.settle();
    assert.equal(phase(fixture, "v"), "Released");
    await fixture.remove("persistentvolumes", "w");
    await fixture.force("persistentvolumeclaims", "default/b", (changed) => {
      changed.metadata.labels = { touched: "yes" };
    });
    await fixture.settle();
    assert.deepEqual(bound(fixture, "b"), ["Lost", "w"]);
    assert.ok(
      fixture
        .events("b")
        .includes("Warning ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"),
    );
  }));

test("provisioners are told by annotation, at once or when the first pod has its node", () =>
  run(async (fixture) => {
    await fixture.put("storageclasses", { metadata: { name: "fast" }, provisioner: "example.com/disk" });
    await fixture.put("storageclasses", {
      metadata: { name: "lazy" },
      provisioner: "example.com/disk",
      volumeBindingMode: "WaitForFirstConsumer",
    });
    await fixture.put(
      "persistentvolumeclaims",
      claim("a", "1Gi", { storageClassName: "fast" }),
      claim("b", "1Gi", { storageClassName: "lazy" }),
    );
    await fixture.put("persistentvolumeclaims", claim("c", "1Gi", { storageClassName: "none" }));
    await fixture.advance(1_000);
    const provisioner = (name: string): unknown =>
      fixture.get("persistentvolumeclaims", `default/${name}`)?.metadata.annotations?.[
        "volume.kubernetes.io/storage-provisioner"
      ];
    assert.deepEqual([provisioner("a"), provisioner("b")], ["example.com/disk", undefined]);
    assert.deepEqual(fixture.events("b"), [
      "Normal WaitForFirstConsumer: waiting for first consumer to be created before binding",
    ]);
    assert.deepEqual(fixture.events("c"), ['Warning ProvisioningFailed: storageclass.storage.k8s.io "none" not found']);
    await fixture.change("persistentvolumeclaims", "default/b", (changed) => {
      changed.metadata.annotations = { "volume.kubernetes.io/selected-node": "n" };
    });
    await fixture.settle();
    assert.equal(provisioner("b"), "example.com/disk");
    const reference = { namespace: "default", name: "a", uid: "uid-a" };
    await fixture.put("persistentvolumes", volume("made", "1Gi", { storageClassName: "fast", claimRef: reference }));
    await fixture.advance(16_000);
    assert.deepEqual(bound(fixture, "a"), ["Bound", "made"]);
  }));
