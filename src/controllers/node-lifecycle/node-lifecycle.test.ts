import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod } from "../../api/index.ts";
import { formatMicroTime, formatTime } from "../../apimachinery/index.ts";
import { type Fixture, makeReady, withControllers } from "../fixture.ts";
import { taintEvictionController } from "../taint-eviction/taint-eviction-controller.ts";
import { nodeLifecycleController } from "./node-lifecycle-controller.ts";

const both = [nodeLifecycleController, taintEvictionController];

async function addNode(fixture: Fixture, name: string): Promise<void> {
  const time = formatTime(fixture.clock.now());
  await fixture.put("nodes", {
    metadata: { name, labels: { "kubernetes.io/os": "linux" } },
    spec: {},
    status: { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: time, lastTransitionTime: time }] },
  });
  await beat(fixture, name);
}

async function beat(fixture: Fixture, name: string): Promise<void> {
  const renewTime = formatMicroTime(fixture.clock.now());
  await fixture.put("leases", { metadata: { name, namespace: "kube-node-lease" }, spec: { renewTime } });
}

async function beatFor(fixture: Fixture, names: readonly string[], ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    for (const name of names) await beat(fixture, name);
    await fixture.advance(10_000);
  }
}

const fiveMinutes = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map((key) => ({
  key,
  operator: "Exists" as const,
  effect: "NoExecute" as const,
  tolerationSeconds: 300,
}));

function pod(name: string, node: string, tolerations: Pod["spec"]["tolerations"] = fiveMinutes): Pod {
  return { metadata: { name, namespace: "default" }, spec: { nodeName: node, containers: [], tolerations } };
}

function taintsOf(node: Node | undefined): string[] {
  return (node?.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
}

test("a silent node becomes Unknown after its grace period, and its pods are evicted five minutes later", async () => {
  await withControllers(both, async (fixture) => {
    for (const name of ["a", "b"]) await addNode(fixture, name);
    await fixture.put(
      "pods",
      pod("on-a", "a"),
      pod("on-b", "b"),
      pod("stays", "a", [{ operator: "Exists" }]),
      pod("no-toleration", "a", []),
    );
    for (const one of fixture.all("pods")) makeReady(fixture, one);
    await beatFor(fixture, ["a", "b"], 60_000);
    assert.deepEqual(taintsOf(fixture.get("nodes", "a")), []);
    assert.equal(fixture.get("nodes", "a")?.metadata.labels?.["beta.kubernetes.io/os"], "linux");
    const readyOf = (name: string): string | undefined =>
      fixture.get("pods", `default/${name}`)?.status?.conditions?.find(({ type }) => type === "Ready")?.status;
    await beatFor(fixture, ["b"], 40_000);
    assert.equal(fixture.get("nodes", "a")?.status?.conditions?.[0]?.status, "True");
    await beatFor(fixture, ["b"], 20_000);
    const [ready] = fixture.get("nodes", "a")?.status?.conditions ?? [];
    assert.deepEqual(
      [ready?.status, ready?.reason, ready?.message],
      ["Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."],
    );
    assert.deepEqual(taintsOf(fixture.get("nodes", "a")), [
      "node.kubernetes.io/unreachable:NoExecute",
      "node.kubernetes.io/unreachable:NoSchedule",
    ]);
    assert.deepEqual([readyOf("on-a"), readyOf("on-b")], ["False", "True"]);
    assert.equal(fixture.get("pods", "default/no-toleration"), undefined);
    assert.ok(fixture.get("pods", "default/on-a"));
    await beatFor(fixture, ["b"], 270_000);
    assert.ok(fixture.get("pods", "default/on-a"));
    await beatFor(fixture, ["b"], 40_000);
    assert.deepEqual(
      fixture.all("pods").map(({ metadata }) => metadata.name),
      ["on-b", "stays"],
    );
    const { body } = fixture.registry.render();
    for (const [name, value] of Object.entries({ evictions_total: 1, zone_size: 2, unhealthy_nodes_in_zone: 1 }))
      assert.ok(body.includes(`\nnode_collector_${name}{zone=""} ${value}\n`), name);
    assert.match(body, /^taint_eviction_controller_pod_deletions_total 2$/m);
    assert.match(body, /^taint_eviction_controller_pod_deletion_duration_seconds_bucket\{le="1"\} 2$/m);
    assert.ok(fixture.events("on-a").includes("Normal TaintManagerEviction: Marking for deletion Pod default/on-a"));
    assert.deepEqual(fixture.events("a"), [
      "Normal RegisteredNode: Node a event: Registered Node a in Controller",
      "Normal NodeNotReady: Node a status is now: NodeNotReady",
    ]);
  });
});

test("a node that comes back loses its taints, and its pods stay", async () => {
  await withControllers(both, async (fixture) => {
    for (const name of ["a", "b"]) await addNode(fixture, name);
    await fixture.put("pods", pod("on-a", "a"));
    await beatFor(fixture, ["b"], 100_000);
    assert.equal(taintsOf(fixture.get("nodes", "a")).length, 2);
    const time = formatTime(fixture.clock.now());
    fixture.force("nodes", "a", (node) => {
      node.status = {
        conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: time, lastTransitionTime: time }],
      };
    });
    await beatFor(fixture, ["a", "b"], 400_000);
    assert.deepEqual(taintsOf(fixture.get("nodes", "a")), []);
    assert.ok(fixture.get("pods", "default/on-a"));
    assert.ok(fixture.events("on-a").includes("Normal TaintManagerEviction: Cancelling deletion of Pod default/on-a"));
  });
});

test("when every node is silent, nobody is evicted", async () => {
  await withControllers(both, async (fixture) => {
    for (const name of ["a", "b"]) await addNode(fixture, name);
    await fixture.put("pods", pod("on-a", "a"), pod("on-b", "b"));
    await fixture.advance(600_000);
    assert.deepEqual(taintsOf(fixture.get("nodes", "a")), ["node.kubernetes.io/unreachable:NoSchedule"]);
    assert.equal(fixture.all("pods").length, 2);
  });
});

test("conditions and cordoning bring their taints", async () => {
  await withControllers([nodeLifecycleController], async (fixture) => {
    await addNode(fixture, "a");
    fixture.force("nodes", "a", (node) => {
      node.spec.unschedulable = true;
      node.status?.conditions?.push({ type: "DiskPressure", status: "True" });
    });
    await fixture.settle();
    assert.deepEqual(taintsOf(fixture.get("nodes", "a")), [
      "node.kubernetes.io/disk-pressure:NoSchedule",
      "node.kubernetes.io/unschedulable:NoSchedule",
    ]);
  });
});
