import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, Pod } from "../api/index.ts";
import { formatTime } from "../apimachinery/index.ts";
import { CapturingLog, SeededRandom, VirtualClock } from "../base/index.ts";
import { copyOf, type TypedClient, typed } from "../client/index.ts";
import { startStandardControlPlane } from "../testing/index.ts";
import { createControllerManager, impersonatingClients } from "./index.ts";

interface Plane {
  readonly clock: VirtualClock;
  readonly api: TypedClient;
  readonly log: CapturingLog;
}

/** The real API server and every controller, in one process, on virtual time. */
async function withControlPlane(work: (plane: Plane) => Promise<void>): Promise<void> {
  const clock = new VirtualClock();
  const log = new CapturingLog();
  const starting = startStandardControlPlane({ clock, random: new SeededRandom("server") });
  const plane = await clock.resolve(starting);
  const stopping = new AbortController();
  const manager = createControllerManager({
    clientFor: impersonatingClients(plane.client),
    clock,
    random: new SeededRandom("controllers"),
    log,
    config: { rootCa: "PEM", clusterCidrs: ["10.244.0.0/16"] },
  });
  const running = manager.run(stopping.signal);
  try {
    await clock.advance(1_000);
    await work({ clock, api: typed(plane.client), log });
    const refused = log.entries.filter(({ fields }) => /forbidden|not allowed/i.test(String(fields["error"])));
    assert.deepEqual(refused, [], "every controller may do what it has to");
  } finally {
    stopping.abort();
    await clock.resolve(running);
    await clock.resolve(plane.stop());
  }
}

async function runPods({ api, clock }: Plane): Promise<void> {
  for (let round = 0; round < 30; round += 1) {
    await clock.advance(100);
    for (const pod of (await api.pods.list()).items) {
      if (pod.metadata.deletionTimestamp !== undefined) {
        await api.pods
          .namespace(pod.metadata.namespace ?? "")
          .delete(pod.metadata.name ?? "", { gracePeriodSeconds: 0 });
      } else if (pod.status?.podIP === undefined) await makeReady(api, pod, clock);
    }
  }
}

async function makeReady(api: TypedClient, cached: Pod, clock: VirtualClock): Promise<void> {
  const time = formatTime(clock.now());
  const pod = copyOf(cached);
  pod.status = {
    ...pod.status,
    phase: "Running",
    podIP: "10.0.0.1",
    podIPs: [{ ip: "10.0.0.1" }],
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: time }],
  };
  await api.pods.namespace(pod.metadata.namespace ?? "").updateStatus(pod);
}

function web(image: string): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } },
    },
  };
}

test("a deployment and its service, from nothing through a rolling update", async () => {
  await withControlPlane(async (plane) => {
    const { api, clock } = plane;
    await api.namespaces.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" }, spec: {} });
    await clock.advance(1_000);
    assert.equal((await api.configmaps.namespace("shop").get("kube-root-ca.crt")).data?.["ca.crt"], "PEM");
    await api.serviceaccounts.namespace("shop").get("default");
    await api.deployments.namespace("shop").create(web("web:1"));
    await api.services.namespace("shop").create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "shop" },
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
    });
    await runPods(plane);
    const status = async (): Promise<Deployment["status"]> =>
      (await api.deployments.namespace("shop").get("web")).status;
    assert.equal((await status())?.availableReplicas, 3);
    assert.equal((await api.endpointslices.namespace("shop").list()).items[0]?.endpoints?.length, 3);
    const changed = copyOf(await api.deployments.namespace("shop").get("web"));
    changed.spec.template.spec.containers = [{ name: "web", image: "web:2" }];
    await api.deployments.namespace("shop").update(changed);
    await runPods(plane);
    const deployment = await api.deployments.namespace("shop").get("web");
    assert.equal(deployment.metadata.annotations?.["deployment.kubernetes.io/revision"], "2");
    assert.equal(deployment.status?.updatedReplicas, 3);
    assert.equal(
      deployment.status?.conditions?.find(({ type }) => type === "Progressing")?.reason,
      "NewReplicaSetAvailable",
    );
    const images = (await api.pods.namespace("shop").list()).items.map(({ spec }) => spec.containers[0]?.image);
    assert.deepEqual(images, ["web:2", "web:2", "web:2"]);
  });
});

test("deleting a deployment takes its sets and pods with it", async () => {
  await withControlPlane(async (plane) => {
    const { api } = plane;
    await api.namespaces.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" }, spec: {} });
    await api.deployments.namespace("shop").create(web("web:1"));
    await runPods(plane);
    await api.deployments.namespace("shop").delete("web", { propagationPolicy: "Foreground" });
    await runPods(plane);
    assert.equal((await api.deployments.list()).items.length, 0);
    assert.equal((await api.replicasets.list()).items.length, 0);
    assert.equal((await api.pods.list()).items.length, 0);
  });
});
