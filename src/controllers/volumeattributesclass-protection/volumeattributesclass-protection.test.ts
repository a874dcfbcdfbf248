import assert from "node:assert/strict";
import { test } from "node:test";
import { withControllers } from "../fixture.ts";
import { volumeAttributesClassProtectionController } from "./volumeattributesclass-protection-controller.ts";

test("a class of volume attributes that is deleted stays while it is had or wanted", async () => {
  await withControllers([volumeAttributesClassProtectionController], async (fixture) => {
    const finalizers = () => fixture.get("volumeattributesclasses", "gold")?.metadata.finalizers;
    await fixture.put("volumeattributesclasses", { metadata: { name: "gold" }, driverName: "d" });
    await fixture.settle();
    assert.deepEqual(finalizers(), ["kubernetes.io/vac-protection"]);

    const claim = { accessModes: ["ReadWriteOnce" as const], resources: { requests: { storage: "1" } } };
    await fixture.put("persistentvolumes", {
      metadata: { name: "v" },
      spec: { capacity: { storage: "1" }, accessModes: ["ReadWriteOnce"], volumeAttributesClassName: "gold" },
    });
    await fixture.put("persistentvolumeclaims", {
      metadata: { name: "c", namespace: "default" },
      spec: { ...claim, volumeAttributesClassName: "silver" },
      status: { modifyVolumeStatus: { targetVolumeAttributesClassName: "gold", status: "Pending" } },
    });
    fixture.force("volumeattributesclasses", "gold", ({ metadata }) => {
      metadata.deletionTimestamp = "2030-01-01T00:00:00Z";
    });
    await fixture.settle();
    assert.deepEqual(finalizers(), ["kubernetes.io/vac-protection"]);
    await fixture.remove("persistentvolumes", "v");
    await fixture.settle();
    assert.deepEqual(finalizers(), ["kubernetes.io/vac-protection"]);
    fixture.force("persistentvolumeclaims", "default/c", ({ status }) => delete status?.modifyVolumeStatus);
    await fixture.settle();
    assert.deepEqual(finalizers() ?? [], []);
  });
});
