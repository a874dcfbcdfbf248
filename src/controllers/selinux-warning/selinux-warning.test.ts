import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { areLabelsInConflict, labelOf } from "./labels.ts";
import { selinuxWarningController } from "./selinux-warning-controller.ts";

function pod(name: string, level: string, policy?: "Recursive" | "MountOption"): Pod {
  const securityContext = {
    seLinuxOptions: { level },
    ...(policy === undefined ? {} : { seLinuxChangePolicy: policy }),
  };
  return {
    metadata: { name, namespace: "default" },
    spec: {
      securityContext,
      containers: [{ name: "c", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
    },
    status: { phase: "Running" },
  };
}

async function seed(fixture: Fixture): Promise<void> {
  await fixture.put("csidrivers", { metadata: { name: "csi.example.com" }, spec: { seLinuxMount: true } });
  const claimRef = { namespace: "default", name: "data", uid: "uid-data" };
  const csi = { driver: "csi.example.com", volumeHandle: "h" };
  await fixture.put("persistentvolumes", { metadata: { name: "pv" }, spec: { claimRef, csi } });
  await fixture.put("persistentvolumeclaims", {
    metadata: { name: "data", namespace: "default" },
    spec: { volumeName: "pv" },
    status: { phase: "Bound" },
  });
}

const end = "If both pods land on the same node, only one of them may access the volume.";

test("pods with one volume and different labels or policies are told of each other", async () => {
  await withControllers([selinuxWarningController], async (fixture) => {
    await seed(fixture);
    await fixture.put("pods", pod("one", "s0:c1,c2"));
    await fixture.settle();
    await fixture.put("pods", pod("two", "s0:c3,c4"), pod("same", "s0:c1,c2"));
    await fixture.settle();
    const label = (own: string, other: string, others: string): string =>
      `Normal SELinuxLabelConflict: SELinuxLabel ":::${own}" conflicts with pod ${other} that uses the same volume as this pod with SELinuxLabel ":::${others}". ${end}`;
    assert.deepEqual(fixture.events("one"), [label("s0:c1,c2", "two", "s0:c3,c4")]);
    assert.deepEqual(fixture.events("same"), [label("s0:c1,c2", "two", "s0:c3,c4")]);
    assert.match(fixture.registry.render().body, /selinux_volume_conflict\{property="SELinuxLabel".*pod1_name="one"/);
    for (const name of ["two", "same"]) await fixture.remove("pods", `default/${name}`);
    await fixture.put("pods", pod("other", "s0:c1,c2", "Recursive"));
    await fixture.settle();
    assert.match(fixture.events("other")[0] ?? "", /SELinuxChangePolicy "Recursive" conflicts with pod one/);
    for (const name of ["one", "other"]) await fixture.remove("pods", `default/${name}`);
    await fixture.settle();
    assert.doesNotMatch(fixture.registry.render().body, /selinux_volume_conflict\{/);
  });
});

test("a pod whose containers see a volume with different labels is warned; others' volumes are left alone", async () => {
  await withControllers([selinuxWarningController], async (fixture) => {
    const both = pod("both", "s0:c1,c2");
    const mounts = [{ name: "data", mountPath: "/data" }];
    const securityContext = { seLinuxOptions: { level: "s0:c5" } };
    both.spec.containers.push({ name: "d", securityContext, volumeMounts: mounts });
    await fixture.put("pods", both);
    await fixture.settle();
    assert.deepEqual(fixture.events("both"), [
      'Warning MultipleSELinuxLabels: Volume "data" is mounted twice with different SELinux labels inside this pod',
    ]);
  });
});

test("what a label leaves out may become anything, but for its level", () => {
  assert.equal(labelOf({}), "");
  assert.equal(labelOf({ type: "t", level: "s0:c1" }), "::t:s0:c1");
  assert.equal(areLabelsInConflict("u:r:t:s0:c1,c2", ":::s0:c1,c2"), false);
  assert.equal(areLabelsInConflict("u:r:t:s0:c1,c2", ":::s0:c8"), true);
  assert.equal(areLabelsInConflict("u:r:t:s0", "u:r:x:s0"), true);
  assert.equal(areLabelsInConflict("", ":::s0"), true);
});
