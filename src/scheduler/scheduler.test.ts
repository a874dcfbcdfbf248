import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { selectorFromLabels } from "../apimachinery/index.ts";
import type { Node, Pod, PodSpec } from "../api/index.ts";
import { SeededRandom, VirtualClock } from "../base/index.ts";
import { FakeClient } from "../client/index.ts";
import { SchedulerCache } from "./cache/scheduler-cache.ts";
import { describeDiagnosis } from "./cycle/diagnosis.ts";
import { findNode } from "./cycle/find-node.ts";
import { preempt } from "./cycle/preemption.ts";
import { defaultWeights, type Profile } from "./framework/profile.ts";
import { defaultPlugins } from "./plugins/index.ts";
import { SchedulingQueue } from "./queue/scheduling-queue.ts";
import type { VolumeListers } from "./volumes/listers.ts";
import { VolumeWriter } from "./volumes/volume-writer.ts";

const noVolumes: VolumeListers = {
  claims: () => undefined,
  volume: () => undefined,
  volumes: () => [],
  storageClass: () => undefined,
  driver: () => undefined,
  capacities: () => [],
  pod: () => undefined,
};
const plugins = defaultPlugins({
  namespaceLabels: () => ({}),
  siblings: (pod) => selectorFromLabels(pod.metadata.labels),
  volumes: noVolumes,
  volumeWriter: new VolumeWriter(new FakeClient(), new VirtualClock(), noVolumes),
});
const profile: Profile = {
  schedulerName: "default-scheduler",
  plugins,
  weights: defaultWeights,
  percentageOfNodesToScore: 0,
};
const random = new SeededRandom(1);

let uids = 0;
function node(name: string, more: { cpu?: string; labels?: Record<string, string>; spec?: Node["spec"] } = {}): Node {
  const allocatable = { cpu: more.cpu ?? "4", memory: "8Gi", pods: "110", "ephemeral-storage": "100Gi" };
  return {
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...more.labels } },
    spec: more.spec ?? {},
    status: { allocatable },
  } as Node;
}

function pod(spec: Partial<PodSpec> & { cpu?: string } = {}, labels: Record<string, string> = {}): Pod {
  const { cpu, ...rest } = spec;
  const container = { name: "c", image: "i", resources: cpu === undefined ? {} : { requests: { cpu } } };
  const name = `pod-${++uids}`;
  return {
    metadata: { name, namespace: "default", uid: name, labels },
    spec: { containers: [container], ...rest },
  } as Pod;
}

function place(cache: SchedulerCache, wanted: Pod): string {
  const placement = findNode(wanted, cache.nodes, profile, { start: 0, random });
  if (placement.type === "refused") return describeDiagnosis(placement.diagnosis, "");
  cache.assume(wanted, placement.name);
  return placement.name;
}

function cluster(...nodes: Node[]): SchedulerCache {
  const cache = new SchedulerCache();
  for (const each of nodes) cache.setNode(each);
  return cache;
}

describe("placing a pod", () => {
  it("says why each node was refused, in upstream's words", () => {
    const cache = cluster(
      node("a"),
      node("b", { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } }),
      node("c", { spec: { unschedulable: true } }),
    );
    assert.equal(
      place(cache, pod({ cpu: "5" })),
      "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.",
    );
  });

  it("counts what assumed pods hold, and gives it back", () => {
    const cache = cluster(node("a"));
    const first = pod({ cpu: "3" });
    assert.equal(place(cache, first), "a");
    assert.match(place(cache, pod({ cpu: "2" })), /Insufficient cpu/);
    cache.forget(first.metadata.uid ?? "");
    assert.equal(place(cache, pod({ cpu: "2" })), "a");
  });

  it("prefers the emptier node", () => {
    const cache = cluster(node("a"), node("b"));
    cache.assume(pod({ cpu: "3" }), "a");
    assert.equal(place(cache, pod({ cpu: "500m" })), "b");
  });

  it("honours node selectors, affinity and host ports", () => {
    const cache = cluster(node("a", { labels: { disk: "ssd" } }), node("b"));
    assert.equal(place(cache, pod({ nodeSelector: { disk: "ssd" } })), "a");
    assert.match(
      place(cache, pod({ nodeSelector: { disk: "tape" } })),
      /2 node\(s\) didn't match Pod's node affinity\/selector/,
    );
    const port = {
      containers: [{ name: "c", image: "i", ports: [{ containerPort: 80, hostPort: 80 }] }],
    } as Partial<PodSpec>;
    assert.deepEqual([place(cache, pod(port)), place(cache, pod(port))].toSorted(), ["a", "b"]);
    assert.match(place(cache, pod(port)), /2 node\(s\) didn't have free ports for the requested pod ports/);
  });

  it("keeps pods with anti-affinity apart, and follows affinity", () => {
    const cache = cluster(node("a"), node("b"));
    const term = { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "x" } } };
    const apart = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
    const near = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
    const first = place(cache, pod(apart, { app: "x" }));
    assert.notEqual(place(cache, pod(apart, { app: "x" })), first);
    assert.match(place(cache, pod(apart, { app: "x" })), /2 node\(s\) didn't match pod anti-affinity rules/);
    assert.match(place(cache, pod({}, { app: "x" })), /2 node\(s\) didn't satisfy existing pods anti-affinity rules/);
    assert.ok(["a", "b"].includes(place(cache, pod(near))));
  });

  it("spreads by topology constraint", () => {
    const zone = (value: string) => ({ labels: { zone: value } });
    const cache = cluster(node("a", zone("1")), node("b", zone("1")), node("c", zone("2")));
    const constraint = {
      maxSkew: 1,
      topologyKey: "zone",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: { matchLabels: { app: "x" } },
    } as const;
    const spread = () => pod({ topologySpreadConstraints: [constraint] }, { app: "x" });
    const zones = Array.from({ length: 4 }, () => (place(cache, spread()) === "c" ? 2 : 1));
    assert.equal(zones.filter((value) => value === 2).length, 2);
  });

  it("finds the least important victims that make room", () => {
    const cache = cluster(node("a"), node("b"));
    const low = pod({ cpu: "4", priority: 1 });
    const mid = pod({ cpu: "4", priority: 5 });
    cache.assume(low, "a");
    cache.assume(mid, "b");
    const high = pod({ cpu: "2", priority: 10 });
    const placement = findNode(high, cache.nodes, profile, { start: 0, random });
    assert.ok(placement.type === "refused");
    const result = preempt(high, cache.nodes, profile, placement.diagnosis, []);
    assert.deepEqual(result, { type: "nominate", node: "a", victims: [low] });
    const meek = pod({ cpu: "2", priority: 0 });
    assert.deepEqual(preempt(meek, cache.nodes, profile, placement.diagnosis, []), {
      type: "none",
      message: "0/2 nodes are available: 2 No preemption victims found for incoming pod.",
    });
    assert.match(place(cache, pod({ cpu: "1" })), /2 Insufficient cpu/, "the table is as it was");
  });
});

describe("a scheduling cycle's times", () => {
  it("are told by extension point; one node needs no scores", () => {
    const clock = new VirtualClock();
    const judged: string[] = [];
    const told = (cache: SchedulerCache, wanted: Pod): readonly string[] => {
      const points: string[] = [];
      const timed = {
        clock,
        took: (point: string, status: string) => void points.push(`${point} ${status}`),
        evaluated: (step: string, plugin: string, count: number) => void judged.push(`${step} ${plugin} ${count}`),
      };
      findNode(wanted, cache.nodes, profile, { start: 0, random, timed });
      return points;
    };
    assert.deepEqual(told(cluster(node("a"), node("b")), pod()), ["Filter Success", "Score Success"]);
    assert.deepEqual(told(cluster(node("a")), pod()), ["Filter Success"]);
    assert.deepEqual(told(cluster(node("a")), pod({ cpu: "5" })), ["Filter Success"]);
    assert.deepEqual(
      judged.filter((line) => line.includes("NodeResourcesFit")),
      [
        "filter NodeResourcesFit 2",
        "score NodeResourcesFit 2",
        "filter NodeResourcesFit 1",
        "filter NodeResourcesFit 1",
      ],
    );
  });
});

describe("the scheduling queue", () => {
  it("orders by priority, then age; backs off; wakes on events that help", async () => {
    const clock = new VirtualClock();
    const queue = new SchedulingQueue(clock, plugins);
    const [first, urgent] = [pod(), pod({ priority: 100 })];
    queue.add(first);
    queue.add(urgent);
    const taken = queue.pop();
    assert.equal(taken?.pod, urgent);
    assert.ok(taken !== undefined);
    queue.refuse(taken, new Set(["NodeResourcesFit"]));
    queue.done(queue.pop()?.uid ?? "");
    assert.equal(queue.pop(), undefined);
    queue.notice({ kind: "NodeUpdateLabel" });
    assert.equal(queue.sizes.unschedulable, 1, "a label cannot make room");
    queue.notice({ kind: "AssignedPodDelete" });
    assert.equal(queue.sizes.backoff, 1, "woken, but not before its back-off");
    await clock.advance(1_000);
    assert.equal(queue.pop()?.pod, urgent);
  });

  it("does not lose an event that happens during the pod's own cycle", async () => {
    const clock = new VirtualClock();
    const queue = new SchedulingQueue(clock, plugins);
    queue.add(pod());
    const taken = queue.pop();
    assert.ok(taken !== undefined);
    queue.notice({ kind: "NodeAdd" });
    queue.refuse(taken, new Set(["NodeResourcesFit"]));
    assert.equal(queue.sizes.backoff, 1);
  });

  it("tries refused pods again after five minutes", async () => {
    const clock = new VirtualClock();
    const queue = new SchedulingQueue(clock, plugins);
    queue.add(pod());
    const taken = queue.pop();
    assert.ok(taken !== undefined);
    queue.refuse(taken, new Set(["NodeResourcesFit"]));
    await clock.advance(299_000);
    assert.equal(queue.pop(), undefined);
    await clock.advance(1_000);
    assert.equal(queue.pop()?.uid, taken.uid);
  });
});
