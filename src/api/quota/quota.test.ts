import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../apimachinery/index.ts";
import type { Pod, ResourceQuota, ScopedResourceSelectorRequirement } from "../core/v1/types.ts";
import { countedResource, isInScopes, type QuotaSurroundings, quotaEvaluator } from "./evaluator.ts";

const surroundings: QuotaSurroundings = {
  nowMs: Date.parse("2026-01-01T00:00:10Z"),
  deviceClasses: () => [{ metadata: { name: "fast" }, spec: { extendedResourceName: "example.com/fast" } }],
  pod: () => undefined,
  resourceClaims: () => [],
};
const pods = quotaEvaluator({ group: "", resource: "pods" });
const volumes = quotaEvaluator({ group: "", resource: "persistentvolumeclaims" });
const devices = quotaEvaluator({ group: "resource.k8s.io", resource: "resourceclaims" });

const textsOf = (amounts: ReadonlyMap<string, { toString(): string }>) =>
  Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toString()]));
const usage = (evaluator: typeof pods, object: object, more: Partial<QuotaSurroundings> = {}) =>
  textsOf(evaluator.usage(object as KubeObject, { ...surroundings, ...more }));

function pod(requests: object, more: object = {}, status: object = {}): Pod {
  const containers = [{ name: "a", image: "a", resources: { requests } }];
  return { metadata: { name: "p", namespace: "n", uid: "u" }, spec: { containers, ...more }, status } as unknown as Pod;
}

test("a pod takes what its containers ask for, or the pod as a whole, and its place", () => {
  assert.deepEqual(usage(pods, pod({ cpu: "1", "example.com/gpu": "2", "hugepages-2Mi": "4Mi" })), {
    ...{ "count/pods": "1", pods: "1", cpu: "1", "requests.cpu": "1", "requests.example.com/gpu": "2" },
    ...{ "hugepages-2Mi": "4Mi", "requests.hugepages-2Mi": "4Mi" },
  });
  const whole = pod(
    { cpu: "1" },
    { resources: { requests: { cpu: "3" }, limits: { memory: "1Gi" } }, overhead: { cpu: "1" } },
  );
  assert.deepEqual(usage(pods, whole), {
    ...{ "count/pods": "1", pods: "1", cpu: "4", "requests.cpu": "4", "limits.memory": "1Gi" },
  });
  assert.deepEqual(usage(pods, pod({ cpu: "1" }, {}, { phase: "Failed" })), { "count/pods": "1" });
  const late = {
    ...pod({ cpu: "1" }),
    metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 5 },
  };
  assert.deepEqual(usage(pods, late), { "count/pods": "1" });
});

test("while a pod is resized it takes the most of what it asks for and has", () => {
  const has = {
    containerStatuses: [{ name: "a", resources: { requests: { cpu: "3" } }, allocatedResources: { cpu: "2" } }],
  };
  assert.equal(usage(pods, pod({ cpu: "1" }, {}, has))["cpu"], "3");
  const conditions = [{ type: "PodResizePending", reason: "Infeasible" }];
  assert.equal(usage(pods, pod({ cpu: "9" }, {}, { ...has, conditions }))["cpu"], "3");
});

const holds = (requirement: object, object: object, evaluator = pods) => {
  const scopeSelector = { matchExpressions: [requirement as ScopedResourceSelectorRequirement] };
  return isInScopes({ metadata: {}, spec: { scopeSelector } } as ResourceQuota, evaluator, object as KubeObject);
};

test("priority classes by operators", () => {
  const scopeName = "PriorityClass";
  const [high, none] = [pod({}, { priorityClassName: "high" }), pod({})];
  const cases: readonly (readonly [object, boolean, boolean])[] = [
    [{ scopeName, operator: "In", values: ["high"] }, true, false],
    [{ scopeName, operator: "NotIn", values: ["high"] }, false, true],
    [{ scopeName, operator: "Exists" }, true, false],
    [{ scopeName, operator: "DoesNotExist" }, false, true],
  ];
  for (const [requirement, ofHigh, ofNone] of cases)
    assert.deepEqual(
      [holds(requirement, high), holds(requirement, none)],
      [ofHigh, ofNone],
      JSON.stringify(requirement),
    );
  assert.equal(
    holds({ scopeName, operator: "Exists" }, high, quotaEvaluator({ group: "", resource: "secrets" })),
    false,
  );
});

test("volume attributes classes: what is asked for, what there is, and what it is changed to", () => {
  const claim = (spec: object, status: object = {}) => ({ metadata: {}, spec, status });
  const fast = { scopeName: "VolumeAttributesClass", operator: "In", values: ["fast"] };
  assert.equal(holds(fast, claim({ volumeAttributesClassName: "fast" }), volumes), true);
  assert.equal(holds(fast, claim({}, { currentVolumeAttributesClassName: "fast" }), volumes), true);
  assert.equal(
    holds(fast, claim({}, { modifyVolumeStatus: { targetVolumeAttributesClassName: "fast" } }), volumes),
    true,
  );
  assert.equal(holds(fast, claim({ volumeAttributesClassName: "slow" }), volumes), false);
  assert.equal(holds({ ...fast, operator: "NotIn" }, claim({}), volumes), true);
});

test("a volume claim takes whole bytes, of its class too, and what it grows to", () => {
  const spec = { storageClassName: "gold", resources: { requests: { storage: "1000500m" } } };
  assert.deepEqual(usage(volumes, { metadata: {}, spec }), {
    ...{ "count/persistentvolumeclaims": "1", persistentvolumeclaims: "1", "requests.storage": "1001" },
    "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
    "gold.storageclass.storage.k8s.io/requests.storage": "1001",
  });
  const growing = usage(volumes, { metadata: {}, spec, status: { allocatedResources: { storage: "2Gi" } } });
  assert.equal(growing["requests.storage"], "2Gi");
});

const claimOf = (requests: object[], metadata: object = {}) => ({
  metadata: { name: "c", namespace: "n", creationTimestamp: "2026-01-01T00:00:05Z", ...metadata },
  spec: { devices: { requests } },
});
const suffix = ".deviceclass.resource.k8s.io/devices";

test("device claims count by their classes and the extended resources of these", () => {
  const requests = [
    { name: "a", exactly: { deviceClassName: "fast", allocationMode: "ExactCount", count: 2 } },
    {
      name: "b",
      firstAvailable: [
        { name: "x", deviceClassName: "fast", count: 3 },
        { name: "y", deviceClassName: "slow", allocationMode: "All" },
      ],
    },
  ];
  assert.deepEqual(usage(devices, claimOf(requests)), {
    "count/resourceclaims.resource.k8s.io": "1",
    [`fast${suffix}`]: "5",
    [`slow${suffix}`]: "32",
    ...{ "requests.deviceclass.resource.kubernetes.io/fast": "5", "requests.example.com/fast": "5" },
    "requests.deviceclass.resource.kubernetes.io/slow": "32",
  });
  const tracked = (name: string) => devices.tracks(name, surroundings);
  assert.deepEqual(
    [`any${suffix}`, "requests.example.com/fast", "requests.example.com/other", "requests.cpu"].map(tracked),
    [true, true, false, false],
  );
});

test("a claim made for a pod's extended resources does not count them again; a second one does", () => {
  const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u", controller: true };
  const annotations = { "resource.kubernetes.io/extended-resource-claim": "true" };
  const requests = [{ name: "a", exactly: { deviceClassName: "fast", count: 2 } }];
  const claim = claimOf(requests, { ownerReferences: [owner], annotations });
  const earlier = claimOf(requests, {
    ownerReferences: [owner],
    annotations,
    name: "b",
    creationTimestamp: "2026-01-01T00:00:01Z",
  });
  const own = pod({ "example.com/fast": "2" });
  const of = (claims: object[]) =>
    usage(devices, claim, { pod: () => own, resourceClaims: () => claims as never[] })["requests.example.com/fast"];
  assert.equal(of([claim]), undefined);
  assert.equal(of([earlier, claim]), "2");
});

test("what is counted by name", () => {
  assert.deepEqual(countedResource("count/widgets.example.com"), { resource: "widgets", group: "example.com" });
  assert.deepEqual(countedResource("secrets"), { resource: "secrets", group: "" });
  assert.equal(countedResource("pods"), undefined);
  assert.deepEqual(usage(quotaEvaluator({ group: "example.com", resource: "widgets" }), {}), {
    "count/widgets.example.com": "1",
  });
  assert.deepEqual(usage(quotaEvaluator({ group: "", resource: "secrets" }), {}), {
    "count/secrets": "1",
    secrets: "1",
  });
});
