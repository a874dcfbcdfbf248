import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod } from "../../api/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { persistentVolumeAttachDetachController } from "./persistentvolume-attach-detach-controller.ts";
import { detachStep, maxWaitForUnmountMs, multiAttachMessage } from "./step.ts";
import { attachmentName } from "./volumes.ts";

const handle = { driver: "csi.example.com", handle: "h" };
const unique = "kubernetes.io/csi/csi.example.com^h";

function node(name: string): Node {
  return {
    metadata: { name, annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" } },
    spec: {},
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
}

function pod(name: string, nodeName: string): Pod {
  const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }];
  return { metadata: { name, namespace: "default" }, spec: { nodeName, containers: [], volumes } };
}

async function seed(fixture: Fixture, accessMode = "ReadWriteOnce" as const): Promise<void> {
  await fixture.put("nodes", node("a"), node("b"));
  await fixture.put("persistentvolumes", {
    metadata: { name: "pv" },
    spec: {
      accessModes: [accessMode],
      claimRef: { namespace: "default", name: "data", uid: "uid-data" },
      csi: { driver: handle.driver, volumeHandle: handle.handle },
    },
  });
  await fixture.put("persistentvolumeclaims", {
    metadata: { name: "data", namespace: "default" },
    spec: { volumeName: "pv" },
    status: { phase: "Bound" },
  });
}

const attachmentOf = (fixture: Fixture, name: string) => fixture.get("volumeattachments", attachmentName(handle, name));
const toldOf = (fixture: Fixture, name: string) =>
  (fixture.get("nodes", name)?.status?.volumesAttached ?? []).map((one) => one.name);

/** As the driver's external-attacher does. */
async function attach(fixture: Fixture, name: string): Promise<void> {
  fixture.force("volumeattachments", attachmentName(handle, name), (one) => {
    one.status = { attached: true };
  });
  await fixture.advance(1_000);
}

test("a volume is attached to the node of its pod, and moves when its node has unmounted it", async () => {
  await withControllers([persistentVolumeAttachDetachController], async (fixture) => {
    await seed(fixture);
    await fixture.put("pods", pod("one", "a"));
    await fixture.settle();
    const source = { persistentVolumeName: "pv" };
    assert.deepEqual(attachmentOf(fixture, "a")?.spec, { nodeName: "a", attacher: handle.driver, source });
    assert.deepEqual(toldOf(fixture, "a"), []);
    await attach(fixture, "a");
    assert.deepEqual(toldOf(fixture, "a"), [unique]);
    assert.deepEqual(fixture.events("one"), [
      'Normal SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pv" ',
    ]);

    await fixture.put("pods", pod("two", "b"));
    await fixture.settle();
    const used = 'Multi-Attach error for volume "pv" Volume is already used by pod(s) one';
    assert.deepEqual(fixture.events("two"), [`Warning FailedAttachVolume: ${used}`]);
    const setInUse = (names: string[]): void =>
      fixture.force("nodes", "a", ({ status }) => Object.assign(status ?? {}, { volumesInUse: names }));
    setInUse([unique]);
    await fixture.remove("pods", "default/one");
    await fixture.advance(10_000);
    assert.notEqual(attachmentOf(fixture, "a"), undefined, "its node uses it still");
    setInUse([]);
    await fixture.advance(2_000);
    assert.equal(attachmentOf(fixture, "a"), undefined);
    assert.deepEqual(toldOf(fixture, "a"), []);
    await attach(fixture, "b");
    assert.deepEqual(toldOf(fixture, "b"), [unique]);
  });
});

test("what was attached before is found, and detached from a node that is gone from service", async () => {
  const { registry } = await new Promise<Fixture>((resolve, reject) => {
    withControllers(
      [persistentVolumeAttachDetachController],
      async (fixture) => {
        assert.notEqual(attachmentOf(fixture, "a"), undefined, "its node uses it still");
        fixture.force("nodes", "a", ({ spec }) => {
          spec.taints = [{ key: "node.kubernetes.io/out-of-service", effect: "NoExecute" }];
        });
        await fixture.advance(2_000);
        assert.equal(attachmentOf(fixture, "a"), undefined);
        resolve(fixture);
      },
      {
        seed: async (fixture) => {
          await seed(fixture);
          fixture.force("nodes", "a", ({ status }) => {
            Object.assign(status ?? {}, {
              volumesAttached: [{ name: unique, devicePath: "" }],
              volumesInUse: [unique],
            });
          });
          await fixture.put("volumeattachments", {
            metadata: { name: attachmentName(handle, "a") },
            spec: { nodeName: "a", attacher: handle.driver, source: { persistentVolumeName: "pv" } },
            status: { attached: true },
          });
        },
      },
    ).catch(reject);
  });
  assert.match(registry.render().body, /forced_detaches\{reason="out-of-service"\} 1/);
});

test("a driver's failure is told to the pod, and tried again later and later", async () => {
  await withControllers([persistentVolumeAttachDetachController], async (fixture) => {
    await seed(fixture);
    await fixture.put("pods", pod("one", "a"));
    await fixture.settle();
    fixture.force("volumeattachments", attachmentName(handle, "a"), (one) => {
      one.status = { attached: false, attachError: { message: "rpc error: boom" } };
    });
    await fixture.advance(600);
    assert.deepEqual(fixture.events("one"), [
      'Warning FailedAttachVolume: AttachVolume.Attach failed for volume "pv" : rpc error: boom',
    ]);
    assert.deepEqual(toldOf(fixture, "a"), []);
    fixture.force("volumeattachments", attachmentName(handle, "a"), (one) => {
      one.status = { attached: true };
    });
    await fixture.advance(1_500);
    assert.deepEqual(toldOf(fixture, "a"), [unique]);
  });
});

test("drivers that need no attaching get none; a volume that was detached behind one's back is attached again", async () => {
  await withControllers([persistentVolumeAttachDetachController], async (fixture) => {
    await seed(fixture);
    await fixture.put("csidrivers", { metadata: { name: handle.driver }, spec: { attachRequired: false } });
    await fixture.put("pods", pod("one", "a"));
    await fixture.advance(2_000);
    assert.deepEqual(fixture.all("volumeattachments"), []);
    await fixture.remove("csidrivers", handle.driver);
    await fixture.settle();
    await attach(fixture, "a");
    await fixture.remove("volumeattachments", attachmentName(handle, "a"));
    await fixture.advance(61_000);
    assert.notEqual(attachmentOf(fixture, "a"), undefined);
  });
});

test("a mounted volume leaves its node after six minutes if the node is not ready, and by force only then", () => {
  const inputs = { isMounted: true, waitedMs: 0, isNodeReady: false, isOutOfService: false, isForceDisabled: false };
  const late = maxWaitForUnmountMs + 1;
  assert.deepEqual(detachStep({ ...inputs, isMounted: false }), { type: "detach" });
  assert.deepEqual(detachStep(inputs), { type: "wait", againMs: late });
  assert.deepEqual(detachStep({ ...inputs, waitedMs: late }), { type: "detach", forced: "timeout" });
  assert.deepEqual(detachStep({ ...inputs, waitedMs: late, isNodeReady: true }), { type: "wait" });
  assert.deepEqual(detachStep({ ...inputs, waitedMs: late, isForceDisabled: true }), { type: "wait" });
  assert.deepEqual(detachStep({ ...inputs, isOutOfService: true }), { type: "detach", forced: "out-of-service" });
});

test("a pod is not told the names of pods in other namespaces", () => {
  const other = { ...pod("x", "a"), metadata: { name: "x", namespace: "other" } };
  const say = (...others: Pod[]): string => multiAttachMessage("pv", pod("two", "b"), others).slice(35);
  assert.equal(say(), "Volume is already exclusively attached to one node and can't be attached to another");
  assert.equal(say(other), "Volume is already used by 1 pod(s) in different namespaces");
  const both = "Volume is already used by pod(s) one and 1 pod(s) in different namespaces";
  assert.equal(say(pod("one", "a"), other), both);
});
