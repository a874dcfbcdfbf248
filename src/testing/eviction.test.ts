import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMicroTime, formatTime } from "../apimachinery/index.ts";
import { SeededRandom, silentLog, VirtualClock } from "../base/index.ts";
import { SeriesBroadcaster, SharedInformerFactory, type TypedClient, typed } from "../client/index.ts";
import { createControllerManager, impersonatingClients } from "../controllers/index.ts";
import { Scheduler } from "../scheduler/index.ts";
import { startStandardControlPlane } from "./index.ts";

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

test("a whole control plane on virtual time: a node falls silent, and five minutes later its pods run elsewhere", async () => {
  const clock = new VirtualClock();
  const random = new SeededRandom("eviction");
  const plane = await clock.resolve(startStandardControlPlane({ clock, random }));
  const { client } = plane;
  const api = typed(client);
  const stopping = new AbortController();
  const informers = new SharedInformerFactory({ client, clock, random, log: silentLog });
  const events = new SeriesBroadcaster({ client, clock, log: silentLog, reportingInstance: "default-scheduler" });
  const running = [
    createControllerManager({ clientFor: impersonatingClients(client), clock, random, log: silentLog }),
    new Scheduler({ client, informers, events: events.recorder("default-scheduler"), clock, random, log: silentLog }),
    informers,
    events,
  ].map((part) => part.run(stopping.signal));
  try {
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
  } finally {
    stopping.abort();
    await clock.resolve(Promise.all(running));
    await clock.resolve(plane.stop());
  }
});
