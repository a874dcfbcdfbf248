import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Node, Pod } from "../api/index.ts";
import { FakeClient, kinds, typed } from "../client/index.ts";
import { claimObjects } from "./claim.ts";
import { isSemanticallyEqual } from "./equality.ts";
import { contentHash } from "./hash.ts";
import { newControllerRef } from "./owners.ts";
import { sortForDeletion } from "./pods/deletion-order.ts";
import { matchesRequiredNodeAffinity } from "./pods/node-affinity.ts";
import { patienceFor, tolerates } from "./pods/tolerations.ts";
import { slowStartBatch } from "./slow-start.ts";

const nowMs = Date.parse("2026-01-01T00:00:00Z");

describe("slow start", () => {
  test("doubles, and stops after a batch with a failure", async () => {
    const started: number[] = [];
    const all = await slowStartBatch(10, 1, async (index) => void started.push(index));
    assert.deepEqual([all.succeeded, started.length], [10, 10]);
    let calls = 0;
    const failed = await slowStartBatch(10, 1, async (index) => {
      calls += 1;
      if (index === 2) throw new Error("quota");
    });
    assert.deepEqual([calls, failed.succeeded, (failed.error as Error).message], [3, 2, "quota"]);
  });
});

describe("equality and hashes", () => {
  test("what is empty is absent", () => {
    assert.ok(isSemanticallyEqual({ a: [], b: {}, c: null }, {}));
    assert.ok(isSemanticallyEqual({ a: { b: [1, { c: undefined }] } }, { a: { b: [1, {}] } }));
    for (const [a, b] of [
      [{ a: 0 }, {}],
      [{ a: [1, 2] }, { a: [2, 1] }],
      [{ a: "" }, {}],
      [[1], { 0: 1 }],
    ] as const)
      assert.ok(!isSemanticallyEqual(a, b));
  });

  test("order of keys does not matter, a collision count does", () => {
    assert.equal(contentHash({ a: 1, b: 2 }), contentHash({ b: 2, a: 1 }));
    assert.notEqual(contentHash({ a: 1 }), contentHash({ a: 2 }));
    assert.notEqual(contentHash({ a: 1 }), contentHash({ a: 1 }, 1));
    assert.match(contentHash({ a: 1 }), /^[bcdfghjklmnpqrstvwxz2456789]+$/);
  });
});

function pod(
  name: string,
  more: Partial<Pod["spec"]> = {},
  status: Pod["status"] = {},
  annotations: Record<string, string> = {},
): Pod {
  return {
    metadata: { name, uid: name, annotations, creationTimestamp: "2025-12-31T00:00:00Z" },
    spec: { containers: [], nodeName: "n", ...more },
    status,
  };
}

describe("deletion order", () => {
  test("the least useful first", () => {
    const ready = {
      phase: "Running" as const,
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2025-12-31T00:00:00Z" }],
    };
    const fresh = {
      ...ready,
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2025-12-31T23:59:59Z" }],
    };
    const pods = [
      pod("old", {}, ready),
      pod("fresh", {}, fresh),
      pod("crowded", {}, ready),
      pod("cheap", {}, ready, { "controller.kubernetes.io/pod-deletion-cost": "-5" }),
      pod("unready", {}, { phase: "Running" }),
      pod("pending", {}, { phase: "Pending" }),
      pod("unassigned", { nodeName: "" }, { phase: "Pending" }),
    ];
    const ranked = pods.map((one) => ({ pod: one, rank: one.metadata.name === "crowded" ? 2 : 1 }));
    const order = sortForDeletion(ranked, nowMs).map(({ metadata }) => metadata.name);
    assert.deepEqual(order, ["unassigned", "pending", "unready", "cheap", "crowded", "fresh", "old"]);
  });
});

describe("taints and affinity", () => {
  test("tolerations", () => {
    const taint = { key: "k", value: "v", effect: "NoExecute" as const };
    assert.ok(tolerates({ operator: "Exists" }, taint));
    assert.ok(tolerates({ key: "k", value: "v" }, taint));
    assert.ok(!tolerates({ key: "k", value: "other" }, taint));
    assert.ok(!tolerates({ key: "k", operator: "Exists", effect: "NoSchedule" }, taint));
    assert.ok(tolerates({ key: "k", operator: "Gt", value: "3" }, { ...taint, value: "5" }));
    assert.deepEqual(patienceFor([taint], []), { kind: "none" });
    assert.deepEqual(patienceFor([taint], [{ operator: "Exists" }]), { kind: "forever" });
    const both = [
      { operator: "Exists" as const, tolerationSeconds: 60 },
      { key: "k", operator: "Exists" as const, tolerationSeconds: 30 },
    ];
    assert.deepEqual(patienceFor([taint], both), { kind: "for", ms: 30_000 });
  });

  test("required node affinity", () => {
    const node: Node = { metadata: { name: "n", labels: { zone: "a", cpus: "8" } }, spec: {} };
    const fits = (
      expressions: readonly { key: string; operator: string; values?: string[] }[],
      nodeSelector?: Record<string, string>,
    ): boolean => {
      const terms = [{ matchExpressions: expressions.map((one) => ({ ...one, operator: one.operator as "In" })) }];
      const affinity = {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
      };
      return matchesRequiredNodeAffinity(
        pod("p", { affinity, ...(nodeSelector === undefined ? {} : { nodeSelector }) }),
        node,
      );
    };
    assert.ok(
      fits([
        { key: "zone", operator: "In", values: ["a", "b"] },
        { key: "cpus", operator: "Gt", values: ["4"] },
      ]),
    );
    assert.ok(!fits([{ key: "zone", operator: "NotIn", values: ["a"] }]));
    assert.ok(!fits([{ key: "zone", operator: "Exists" }], { zone: "b" }));
    assert.ok(!fits([]));
  });
});

describe("claiming", () => {
  test("adopts orphans, releases what is no longer selected, leaves what is another's", async () => {
    const client = new FakeClient();
    const api = typed(client);
    const owner = await api.replicasets
      .namespace("default")
      .create({ metadata: { name: "web", namespace: "default" }, spec: { selector: {} } });
    const mine = [newControllerRef(owner, kinds.replicasets)];
    const theirs = mine.map((reference) => ({ ...reference, uid: "another" }));
    const make = (name: string, app: string, ownerReferences = mine): Promise<Pod> =>
      api.pods.namespace("default").create({
        metadata: { name, namespace: "default", labels: { app }, ownerReferences },
        spec: { containers: [] },
      });
    const objects = [
      await make("kept", "web"),
      await make("orphan", "web", []),
      await make("strayed", "other"),
      await make("theirs", "web", theirs),
    ];
    const claimed = await claimObjects({
      owner,
      ownerKind: kinds.replicasets,
      objects,
      matches: (one) => one.metadata.labels?.["app"] === "web",
      client: api.pods.namespace("default"),
      freshOwner: () => api.replicasets.namespace("default").get("web"),
    });
    assert.deepEqual(
      claimed.map(({ metadata }) => metadata.name),
      ["kept", "orphan"],
    );
    const owners = async (name: string): Promise<(string | undefined)[]> =>
      ((await api.pods.namespace("default").get(name)).metadata.ownerReferences ?? []).map(({ uid }) => uid);
    assert.deepEqual(
      [await owners("orphan"), await owners("strayed"), await owners("theirs")],
      [[owner.metadata.uid], [], ["another"]],
    );
  });
});
