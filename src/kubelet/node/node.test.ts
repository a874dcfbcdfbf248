import assert from "node:assert/strict";
import { test } from "node:test";
import { CapturingLog, createVirtualPlatform } from "../../base/index.ts";
import { FakeClient } from "../../client/index.ts";
import { admit } from "../admission/admit.ts";
import { CgroupManager, podLimits } from "../cgroups/manager.ts";
import { podCgroup } from "../cgroups/names.ts";
import { rankForMemory } from "../eviction/ranking.ts";
import { crossed } from "../eviction/thresholds.ts";
import { qosClass } from "../pods/qos.ts";
import { containerLinuxResources } from "../runtime/linux-resources.ts";
import { staticPod } from "../sources/file-pods.ts";
import { testContainer, testPod } from "../testing/fixtures.ts";
import type { Lease } from "../../api/index.ts";
import type { Node, Pod } from "../types.ts";
import { LeaseKeeper } from "./lease.ts";
import { nodeResources } from "./resources.ts";
import { runtimeVersionText } from "./runtime-version.ts";

const sized = (cpu?: string, memory?: string, limits = false): Pod => {
  const amounts = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  return testPod({
    containers: [
      testContainer("main", { resources: limits ? { limits: amounts, requests: amounts } : { requests: amounts } }),
    ],
  });
};

test("classes of service and what the runtime and the kernel are told of them", () => {
  const options = { cgroupVersion: 1, memoryCapacity: 2 ** 30, cpuCfsQuota: true } as const;
  const of = (pod: Pod) => {
    const { cpuShares, cpuQuota, memoryLimitInBytes, oomScoreAdj } = containerLinuxResources(
      pod,
      pod.spec?.containers[0] ?? testContainer("x"),
      options,
    );
    return [qosClass(pod), cpuShares, cpuQuota, memoryLimitInBytes, oomScoreAdj];
  };
  assert.deepEqual(of(sized()), ["BestEffort", 2, undefined, undefined, 1000]);
  assert.deepEqual(of(sized("500m", "256Mi")), ["Burstable", 512, undefined, undefined, 750]);
  assert.deepEqual(of(sized("1500m", "256Mi", true)), ["Guaranteed", 1536, 150_000, 268_435_456, -997]);
  assert.equal(podCgroup("/root", sized("1", "1Gi", true)), "/root/kubepods/poduid-1");
  assert.equal(podCgroup("/", sized()), "/kubepods/besteffort/poduid-1");
});

test("a pod's cgroup holds the sum of its containers, or its hungriest init container", () => {
  const container = (name: string, cpu: string) =>
    testContainer(name, { resources: { limits: { cpu, memory: "1Mi" }, requests: { cpu } } });
  const pod = testPod({
    containers: [container("a", "1"), container("b", "2")],
    initContainers: [container("i", "4")],
  });
  assert.deepEqual(podLimits(pod), { cpuShares: 4096, cpuQuotaUs: 400_000, memoryBytes: 2 * 2 ** 20 });
  const open = testPod({ containers: [container("a", "1"), testContainer("b")] });
  assert.equal(podLimits(open).cpuQuotaUs, 0, "one container without limit leaves the pod without");
});

test("cgroups of version 1 are made in every hierarchy there is", async () => {
  const { disk, processes } = createVirtualPlatform();
  for (const name of ["cpu", "memory"]) await disk.makeDirectory(`/cg/${name}`);
  const manager = new CgroupManager({
    disk,
    processes,
    mount: "/cg",
    root: "/mine",
    version: await CgroupManager.version(disk, "/cg"),
    podPidsLimit: -1,
  });
  await manager.prepareNode();
  await manager.ensurePod(sized("1", "1Gi"));
  assert.deepEqual(await disk.list("/cg/memory/mine/kubepods/burstable"), ["poduid-1"]);
  assert.deepEqual([...(await manager.podUids())], ["uid-1"]);
});

test("the node's resources, less what is reserved", () => {
  const machine = {
    cpus: 4,
    memoryBytes: 8 * 2 ** 30,
    architecture: "amd64",
    hostname: "n",
    machineId: "",
    systemUuid: "",
    bootId: "",
    kernelVersion: "",
    osImage: "",
    pidMax: 1,
  };
  const reservations = { systemReserved: { cpu: "500m", memory: "1Gi" }, kubeReserved: {}, evictionHardMemory: "1%" };
  const { capacity, allocatable } = nodeResources({
    machine,
    diskTotalBytes: 2 ** 40,
    maxPods: 110,
    hugepages: {},
    reservations,
  });
  assert.equal(capacity["memory"], "8388608Ki");
  assert.equal(allocatable["cpu"], "3500m");
  assert.equal(allocatable["memory"], `${Math.floor((7 * 2 ** 30 - 0.08 * 2 ** 30) / 1024)}Ki`);
});

test("the node takes only what fits", () => {
  const allocatable = { cpu: "2", memory: "1Gi", pods: "2" };
  const node: Node = { metadata: { name: "n1", labels: { disk: "ssd" } }, spec: {} };
  const ask = (pod: Pod, others: Pod[] = []) =>
    admit({ pod, others, allocatable, node, underMemoryPressure: false })?.reason;
  assert.equal(ask(sized("2")), undefined);
  assert.equal(ask(sized("1500m"), [sized("1")]), "OutOfcpu");
  assert.equal(ask(sized("1", "2Gi")), "OutOfmemory");
  assert.equal(ask(sized(), [sized(), sized()]), "OutOfpods");
  const port = testPod({ containers: [testContainer("main", { ports: [{ containerPort: 80, hostPort: 80 }] })] });
  assert.equal(ask(port, [port]), "NodePorts");
  assert.equal(ask(testPod({ nodeSelector: { disk: "hdd" } })), "NodeAffinity");
  assert.equal(ask(testPod({ nodeSelector: { disk: "ssd" } })), undefined);
  assert.equal(
    ask(testPod({ securityContext: { sysctls: [{ name: "kernel/msgmax", value: "1" }] } })),
    "SysctlForbidden",
  );
  const dongle = (amount: string): Pod => {
    const resources = { requests: { "example.com/dongle": amount } };
    return testPod({ containers: [testContainer("main", { resources })] });
  };
  assert.equal(ask(dongle("9")), undefined, "the node is not the one that has it");
  const having: Node = { ...node, status: { allocatable: { "example.com/dongle": "2" } } };
  const askHaving = (pod: Pod, others: Pod[]) =>
    admit({ pod, others, allocatable, node: having, underMemoryPressure: false })?.reason;
  assert.equal(askHaving(dongle("1"), [dongle("1")]), undefined);
  assert.equal(askHaving(dongle("2"), [dongle("1")]), "OutOfexample.com/dongle");
  const message = admit({ pod: sized("3"), others: [], allocatable, node, underMemoryPressure: false })?.message;
  assert.equal(
    message,
    "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000",
  );
});

test("thresholds, and who goes first", () => {
  const hard = { "memory.available": "100Mi", "nodefs.available": "10%" };
  const seen = {
    "memory.available": { available: 50 * 2 ** 20, capacity: 2 ** 30 },
    "nodefs.available": { available: 20, capacity: 100 },
  };
  assert.deepEqual(
    crossed(hard, seen).map((one) => `${one.pressure} ${one.limit}`),
    [`memory ${100 * 2 ** 20}`],
  );
  const candidate = (name: string, usage: number, priority: number, request?: string) => {
    const pod = sized(undefined, request);
    return {
      pod: {
        ...pod,
        metadata: { ...pod.metadata, name },
        spec: { ...pod.spec, containers: pod.spec?.containers ?? [], priority },
      },
      usage,
    };
  };
  const ranked = rankForMemory([
    candidate("within", 10, 0, "20"),
    candidate("important", 90, 5, "10"),
    candidate("small", 20, 0, "10"),
    candidate("big", 50, 0, "10"),
    candidate("critical", 99, 2_000_000_000),
  ]);
  assert.deepEqual(
    ranked.map(({ pod }) => pod.metadata.name),
    ["big", "small", "important", "within"],
  );
});

test("the lease is made, renewed, and owned by the node", async () => {
  const { clock } = createVirtualPlatform({ startMs: Date.UTC(2026, 0, 1) });
  const client = new FakeClient({ clock });
  const keeper = new LeaseKeeper({
    client,
    clock,
    log: new CapturingLog(),
    nodeName: "n1",
    durationSeconds: 40,
    nodeUid: () => "node-uid",
  });
  const controller = new AbortController();
  const running = keeper.run(controller.signal);
  await clock.advance(25_000);
  controller.abort();
  await running;
  const leases = client.resource<Lease>({ group: "coordination.k8s.io", version: "v1", resource: "leases" });
  const lease = await leases.namespace("kube-node-lease").get("n1");
  assert.equal(lease.spec?.renewTime, "2026-01-01T00:00:20.000000Z");
  assert.equal(lease.spec?.leaseDurationSeconds, 40);
  assert.equal(lease.metadata.ownerReferences?.[0]?.uid, "node-uid");
});

test("a manifest becomes a pod of this node, with defaults and an identity of its own", () => {
  const manifest =
    "apiVersion: v1\nkind: Pod\nmetadata: { name: etcd }\nspec: { containers: [{ name: etcd, image: 'etcd:3' }] }\n";
  const pod = staticPod(manifest, "/manifests/etcd.yaml", "Node-1", 0);
  assert.equal(pod.metadata.name, "etcd-node-1");
  assert.equal(pod.metadata.namespace, "default");
  assert.match(pod.metadata.uid ?? "", /^[0-9a-f]{32}$/);
  assert.equal(pod.metadata.annotations?.["kubernetes.io/config.source"], "file");
  assert.equal(pod.spec?.nodeName, "Node-1");
  assert.equal(pod.spec?.restartPolicy, "Always");
  assert.deepEqual(pod.spec?.tolerations?.at(-1), { effect: "NoExecute", operator: "Exists" });
  assert.notEqual(
    staticPod(manifest.replace("etcd:3", "etcd:4"), "/manifests/etcd.yaml", "Node-1", 0).metadata.uid,
    pod.metadata.uid,
  );
  assert.throws(() => staticPod("kind: Service\napiVersion: v1", "/x", "n", 0), /expected a Pod, got "Service"/);
  assert.throws(() => staticPod(manifest.replace("spec:", "spec2:"), "/x", "n", 0), /unknown field "spec2"/);
});

test("of the runtime's version only what clients can parse", () => {
  const versions: readonly (readonly [string, string])[] = [
    ["2.1.3", "2.1.3"],
    ["v1.7.24", "1.7.24"],
    ["1.7.0-rc.1+build.5", "1.7.0-rc.1+build.5"],
    ["1.6.20~ds1", "1.6.20"],
    ["1.6.20~ds1-1+deb12u3", "1.6.20"],
    ["1.31", "1.31"],
    ["unknown", "unknown"],
  ];
  for (const [runtimeVersion, expected] of versions) {
    const version = { version: "0.1.0", runtimeName: "containerd", runtimeVersion, runtimeApiVersion: "v1" };
    assert.equal(runtimeVersionText(version), `containerd://${expected}`);
  }
});
