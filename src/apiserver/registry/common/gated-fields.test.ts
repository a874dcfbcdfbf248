import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodSpec } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { WriteContext } from "../contract.ts";
import { gatedPodStatusFields, withGatedFields } from "./gated-fields.ts";
import { builtInStrategies, strategiesFor } from "../strategies.ts";

const context = { request: { warn: () => undefined, receivedAtMs: 60_000 } } as unknown as WriteContext;

const used = (): PodSpec =>
  ({
    schedulingGroup: { podGroupName: "g" },
    containers: [
      { name: "a", lifecycle: { stopSignal: "SIGUSR1" } },
      { name: "b", lifecycle: { stopSignal: "SIGUSR1", preStop: { sleep: { seconds: 1 } } } },
    ],
    volumes: [
      {
        name: "v",
        projected: {
          sources: [{ clusterTrustBundle: { path: "p" } }, { podCertificate: {} }, { secret: { name: "s" } }],
        },
      },
    ],
  }) as unknown as PodSpec;

const dropped = {
  containers: [{ name: "a" }, { name: "b", lifecycle: { preStop: { sleep: { seconds: 1 } } } }],
  volumes: [{ name: "v", projected: { sources: [{}, {}, { secret: { name: "s" } }] } }],
};

const holders: Readonly<Record<string, (spec: PodSpec) => object>> = {
  "/pods": (spec) => ({ spec }),
  "/podtemplates": (spec) => ({ template: { spec } }),
  "/replicationcontrollers": (spec) => ({ spec: { template: { spec } } }),
  "apps/daemonsets": (spec) => ({ spec: { template: { spec } } }),
  "apps/deployments": (spec) => ({ spec: { template: { spec } } }),
  "apps/replicasets": (spec) => ({ spec: { template: { spec } } }),
  "apps/statefulsets": (spec) => ({ spec: { template: { spec } } }),
  "batch/jobs": (spec) => ({ spec: { manualSelector: true, template: { spec } } }),
  "batch/cronjobs": (spec) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } }),
};

for (const [resource, around] of Object.entries(holders)) {
  test(`${resource}: fields whose gate is off go, unless the old object has them`, () => {
    const strategy = builtInStrategies.get(resource);
    const object = (spec: PodSpec) => ({ metadata: { name: "x" }, ...around(spec) }) as unknown as KubeObject;
    const created = used();
    strategy?.prepareForCreate?.(object(created), context);
    assert.deepEqual(created, dropped);
    const updated = used();
    strategy?.prepareForUpdate?.(object(updated), object(structuredClone(dropped) as PodSpec), context);
    assert.deepEqual(updated, dropped);
    const kept = used();
    strategy?.prepareForUpdate?.(object(kept), object(used()), context);
    assert.deepEqual(kept, used());
    const open = used();
    strategiesFor(() => true)
      .get(resource)
      ?.prepareForCreate?.(object(open), context);
    assert.deepEqual(open, used());
  });
}

const made = (resource: string, object: object, isOn?: (gate: string) => boolean) => {
  const copy = structuredClone(object) as KubeObject & { spec: Record<string, unknown> };
  const strategies = isOn === undefined ? builtInStrategies : strategiesFor(isOn);
  strategies.get(resource)?.prepareForCreate?.(copy, context);
  return copy.spec;
};

test("what is for coordinated election goes from Leases", () => {
  const lease = { metadata: { name: "x" }, spec: { strategy: "OldestEmulationVersion", preferredHolder: "x" } };
  const resource = "coordination.k8s.io/v1/leases";
  assert.deepEqual(made(resource, lease), {});
  assert.deepEqual(
    made(resource, lease, (gate) => gate === "CoordinatedLeaderElection"),
    lease.spec,
  );
});

test("sources in other namespaces go from claims", () => {
  const dataSourceRef = { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "s", namespace: "n" };
  const claim = { metadata: { name: "x" }, spec: { dataSourceRef } };
  assert.deepEqual(made("/persistentvolumeclaims", claim), {});
  assert.deepEqual(
    made("/persistentvolumeclaims", claim, () => true),
    { dataSourceRef },
  );
});

test("lists and mappings go from devices, whose taints get the time", () => {
  const devices = [
    {
      name: "d",
      attributes: { a: { ints: [1] }, b: { int: 1 } },
      nodeAllocatableResourceMappings: { cpu: {} },
      taints: [{ key: "k", effect: "NoSchedule" }],
    },
  ];
  const slice = { metadata: { name: "x" }, spec: { devices } };
  const resource = "resource.k8s.io/resourceslices";
  const taints = [{ key: "k", effect: "NoSchedule", timeAdded: "1970-01-01T00:01:00Z" }];
  assert.deepEqual(made(resource, slice), { devices: [{ name: "d", attributes: { a: {}, b: { int: 1 } }, taints }] });
  assert.deepEqual(
    made(resource, slice, () => true),
    { devices: [{ ...devices[0], taints }] },
  );
});

test("how many pods of a StatefulSet may be unavailable is dropped while its gate is off", () => {
  const kept = (isOn: boolean) => {
    const set = { metadata: {}, spec: { updateStrategy: { rollingUpdate: { partition: 0, maxUnavailable: 2 } } } };
    strategiesFor(() => isOn)
      .get("apps/statefulsets")
      ?.prepareForCreate?.(set as KubeObject, context);
    return set.spec.updateStrategy.rollingUpdate;
  };
  assert.deepEqual(kept(false), { partition: 0 });
  assert.deepEqual(kept(true), { partition: 0, maxUnavailable: 2 });
});

test("what a gate hides of a pod's status goes when the status is written, unless it was there", () => {
  const strategy = withGatedFields<Pod>({ status: {} }, gatedPodStatusFields, () => false);
  const mounts = () => [{ name: "v", mountPath: "/v", volumeStatus: {} }];
  const pod = (): Pod => ({
    metadata: {},
    spec: { containers: [] },
    status: {
      containerStatuses: [{ name: "c", ready: true, restartCount: 0, image: "", imageID: "", volumeMounts: mounts() }],
      nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: "r", resources: {} }],
    },
  });
  const [written, kept, other] = [pod(), pod(), pod()];
  strategy.status?.prepareForUpdate?.(written, { metadata: {}, spec: { containers: [] } }, context);
  assert.equal(written.status?.nodeAllocatableResourceClaimStatuses, undefined);
  assert.deepEqual(written.status?.containerStatuses?.[0]?.volumeMounts, [{ name: "v", mountPath: "/v" }]);
  strategy.status?.prepareForUpdate?.(kept, pod(), context);
  assert.deepEqual(kept, pod());
  strategy.prepareForUpdate?.(other, { metadata: {}, spec: { containers: [] } }, context);
  assert.deepEqual(other, pod());
});
