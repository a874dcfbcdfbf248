import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMicroTime, formatTime } from "../apimachinery/index.ts";
import type { VirtualClock } from "../base/index.ts";
import type { TypedClient } from "../client/index.ts";
import { withVirtualCluster } from "./index.ts";

const beatMs = 10_000;

/** What a kubelet says every ten seconds. */
async function beat(api: TypedClient, clock: VirtualClock, name: string): Promise<void> {
  const leases = api.leases.namespace("kube-node-lease");
  const body = { spec: { renewTime: formatMicroTime(clock.now()) } };
  await leases.patch(name, { type: "merge", body });
}

async function addNode(api: TypedClient, clock: VirtualClock, name: string): Promise<void> {
  const time = formatTime(clock.now());
  await api.nodes.create({ metadata: { name }, spec: {} });
  const condition = {
    type: "Ready",
    status: "True",
    reason: "KubeletReady",
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  } as const;
  const resources = { cpu: "4", memory: "8Gi", pods: "110" };
  const status = { conditions: [condition], capacity: resources, allocatable: resources };
  await api.nodes.patch(name, { type: "merge", body: { status } }, { subresource: "status" });
  await api.leases.namespace("kube-node-lease").create({
    metadata: { name },
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: formatMicroTime(clock.now()) },
  });
}

test("a whole control plane on virtual time: a node falls silent, and five minutes later its pods run elsewhere", () =>
  withVirtualCluster(async ({ api, clock }) => {
    await addNode(api, clock, "a");
    await addNode(api, clock, "b");
    await clock.advance(1_000);
    await api.deployments.namespace("default").create({
      metadata: { name: "web" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: "web" } },
        template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "i" }] } },
      },
    });
    await clock.advance(2_000);
    const [first] = (await api.pods.list()).items;
    const silent = first?.spec.nodeName ?? "";
    assert.ok(["a", "b"].includes(silent));
    const other = silent === "a" ? "b" : "a";
    const livesOn = async () =>
      (await api.pods.list()).items
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ spec }) => spec.nodeName);
    const wait = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += beatMs) {
        await beat(api, clock, other);
        await clock.advance(beatMs);
      }
    };
    await wait(60_000);
    assert.deepEqual(
      (await api.nodes.get(silent)).spec.taints?.map(({ key }) => key),
      ["node.kubernetes.io/unreachable", "node.kubernetes.io/unreachable"],
    );
    assert.deepEqual(await livesOn(), [silent]);
    await wait(310_000);
    assert.deepEqual(await livesOn(), [other]);
  }));
