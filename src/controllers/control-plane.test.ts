import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { Deployment, Pod, PodTemplateSpec } from "../api/index.ts";
import { formatTime } from "../apimachinery/index.ts";
import type { Clock } from "../base/index.ts";
import { copyOf } from "../client/index.ts";
import { type VirtualCluster, withVirtualCluster } from "../testing/index.ts";

const serviceAccountKey = generateKeyPairSync("ec", { namedCurve: "prime256v1" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

/** The real API server with RBAC and every controller, in one process, on virtual time. */
function withControlPlane(work: (cluster: VirtualCluster) => Promise<void>): Promise<void> {
  const config = { rootCa: "PEM", clusterCidrs: ["10.244.0.0/16"], serviceAccountKey };
  return withVirtualCluster(
    async (cluster) => {
      await work(cluster);
      const refused = cluster.log.entries.filter(({ fields }) =>
        /forbidden|not allowed|is invalid/i.test(String(fields["error"])),
      );
      assert.deepEqual(refused, [], "every controller may do what it has to, and writes what is valid");
    },
    { config, scheduler: false },
  );
}

/** Does the nodes' work: pods run and are ready, or go when they are told to. */
async function runPods({ api, clock }: VirtualCluster, rounds = 30): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await clock.advance(100);
    for (const pod of (await api.pods.list()).items) {
      const scoped = api.pods.namespace(pod.metadata.namespace ?? "");
      if (pod.metadata.deletionTimestamp !== undefined)
        await scoped.delete(pod.metadata.name ?? "", { gracePeriodSeconds: 0 });
      else if (pod.status?.podIP === undefined) await scoped.updateStatus(readyPod(pod, clock));
    }
  }
}

function readyPod(cached: Pod, clock: Clock): Pod {
  const time = formatTime(clock.now());
  const pod = copyOf(cached);
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: time }];
  pod.status = {
    ...pod.status,
    phase: "Running",
    podIP: "10.0.0.1",
    podIPs: [{ ip: "10.0.0.1" }],
    startTime: time,
    conditions,
  };
  return pod;
}

const labels = { app: "web" };

function template(image: string): PodTemplateSpec {
  return { metadata: { labels }, spec: { containers: [{ name: "web", image }] } };
}

function web(image: string): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop" },
    spec: { replicas: 3, selector: { matchLabels: labels }, template: template(image) },
  };
}

async function makeNamespace({ api, clock }: VirtualCluster): Promise<void> {
  await api.namespaces.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" }, spec: {} });
  await clock.advance(1_000);
}

test("a namespace's life: deployment, rolling update, service, deletion of everything", async () => {
  await withControlPlane(async (plane) => {
    const { api, clock } = plane;
    await makeNamespace(plane);
    assert.equal((await api.configmaps.namespace("shop").get("kube-root-ca.crt")).data?.["ca.crt"], "PEM");
    await api.serviceaccounts.namespace("shop").get("default");
    await api.deployments.namespace("shop").create(web("web:1"));
    await api.services.namespace("shop").create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "shop" },
      spec: { selector: labels, ports: [{ port: 80 }] },
    });
    await runPods(plane);
    assert.equal((await api.deployments.namespace("shop").get("web")).status?.availableReplicas, 3);
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
    await api.namespaces.delete("shop");
    assert.equal((await api.namespaces.get("shop")).status?.phase, "Terminating");
    for (let round = 0; round < 10; round += 1) {
      await clock.advance(5_000);
      await runPods(plane, 3);
    }
    await assert.rejects(clock.resolve(api.namespaces.get("shop")), /not found/);
    for (const kind of ["pods", "replicasets", "deployments", "endpointslices", "configmaps", "events"] as const) {
      assert.deepEqual(
        (await api[kind].namespace("shop").list()).items.map(({ metadata }) => metadata.name),
        [],
        kind,
      );
    }
  });
});

test("deleting a deployment takes its sets and pods with it", async () => {
  await withControlPlane(async (plane) => {
    const { api } = plane;
    await makeNamespace(plane);
    await api.deployments.namespace("shop").create(web("web:1"));
    await runPods(plane);
    await api.deployments.namespace("shop").delete("web", { propagationPolicy: "Foreground" });
    await runPods(plane);
    assert.equal((await api.deployments.list()).items.length, 0);
    assert.equal((await api.replicasets.list()).items.length, 0);
    assert.equal((await api.pods.list()).items.length, 0);
  });
});

test("jobs, cron jobs, daemon sets and stateful sets live with the server's validation", async () => {
  await withControlPlane(async (plane) => {
    const { api, clock } = plane;
    await makeNamespace(plane);
    await api.nodes.create({ apiVersion: "v1", kind: "Node", metadata: { name: "n" }, spec: {} });
    const job = {
      template: { metadata: {}, spec: { restartPolicy: "Never" as const, containers: [{ name: "a", image: "a" }] } },
    };
    const metadata = (name: string): { name: string; namespace: string } => ({ name, namespace: "shop" });
    await api.jobs
      .namespace("shop")
      .create({ apiVersion: "batch/v1", kind: "Job", metadata: metadata("once"), spec: { ...job, completions: 2 } });
    await api.cronjobs.namespace("shop").create({
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: metadata("tick"),
      spec: { schedule: "*/5 * * * *", jobTemplate: { metadata: {}, spec: job } },
    });
    const selector = { matchLabels: labels };
    await api.daemonsets.namespace("shop").create({
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: metadata("agent"),
      spec: { selector, template: template("agent") },
    });
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce" as const], resources: { requests: { storage: "1Gi" } } },
    };
    await api.statefulsets.namespace("shop").create({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: metadata("db"),
      spec: {
        replicas: 2,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        template: { ...template("db"), metadata: { labels: { app: "db" } } },
        volumeClaimTemplates: [claim],
      },
    });
    await runPods(plane);
    assert.equal((await api.daemonsets.namespace("shop").get("agent")).status?.numberReady, 1);
    assert.equal((await api.statefulsets.namespace("shop").get("db")).status?.readyReplicas, 2);
    assert.deepEqual(
      (await api.persistentvolumeclaims.list()).items.map(({ metadata: { name } }) => name),
      ["data-db-0", "data-db-1"],
    );
    assert.equal((await api.nodes.get("n")).spec.podCIDR, "10.244.0.0/24");
    for (let round = 0; round < 2; round += 1) {
      for (const pod of (await api.pods.namespace("shop").list({ labelSelector: "job-name=once" })).items) {
        if (pod.status?.phase === "Running")
          await api.pods
            .namespace("shop")
            .updateStatus({ ...pod, status: { ...pod.status, phase: "Succeeded", conditions: [] } });
      }
      await runPods(plane, 5);
    }
    const { status } = await api.jobs.namespace("shop").get("once");
    assert.deepEqual([status?.succeeded, status?.conditions?.at(-1)?.type], [2, "Complete"]);
    await clock.advance(300_000);
    assert.equal((await api.jobs.list()).items.length, 2);
    assert.equal((await api.cronjobs.namespace("shop").get("tick")).status?.active?.length, 1);
  });
});

test("volumes are bound and protected, quotas counted, budgets kept", async () => {
  await withControlPlane(async (plane) => {
    const { api, clock } = plane;
    await makeNamespace(plane);
    const accessModes = ["ReadWriteOnce" as const];
    await api.persistentvolumes.create({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "disk" },
      spec: { capacity: { storage: "1Gi" }, accessModes, hostPath: { path: "/tmp/disk" } },
    });
    await api.persistentvolumeclaims.namespace("shop").create({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", namespace: "shop" },
      spec: { accessModes, resources: { requests: { storage: "1Gi" } } },
    });
    await api.resourcequotas.namespace("shop").create({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "q", namespace: "shop" },
      spec: { hard: { pods: "9", "requests.storage": "5Gi" } },
    });
    await api.poddisruptionbudgets.namespace("shop").create({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "web", namespace: "shop" },
      spec: { minAvailable: "50%", selector: { matchLabels: labels } },
    });
    await api.deployments.namespace("shop").create(web("web:1"));
    await runPods(plane);
    await clock.advance(20_000);
    const claim = await api.persistentvolumeclaims.namespace("shop").get("data");
    assert.deepEqual(
      [claim.status?.phase, claim.spec.volumeName, claim.metadata.finalizers],
      ["Bound", "disk", ["kubernetes.io/pvc-protection"]],
    );
    assert.deepEqual((await api.resourcequotas.namespace("shop").get("q")).status?.used, {
      pods: "3",
      "requests.storage": "1Gi",
    });
    const budget = await api.poddisruptionbudgets.namespace("shop").get("web");
    assert.deepEqual(
      [budget.status?.expectedPods, budget.status?.desiredHealthy, budget.status?.disruptionsAllowed],
      [3, 2, 1],
    );
    await api.persistentvolumeclaims.namespace("shop").delete("data");
    await clock.advance(1_000);
    assert.equal((await api.persistentvolumes.get("disk")).status?.phase, "Released");
  });
});

test("devices are claimed and taken back, volumes attached, tokens filled into secrets", async () => {
  await withControlPlane(async ({ api, clock }) => {
    const request = { name: "gpu", exactly: { deviceClassName: "gpu" } };
    const spec = { metadata: {}, spec: { devices: { requests: [request] } } };
    await api.resourceclaimtemplates.namespace("default").create({ metadata: { name: "gpu" }, spec });
    const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" };
    await api.nodes.create({ metadata: { name: "a", annotations }, spec: {} });
    await api.persistentvolumeclaims.namespace("default").create({
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, storageClassName: "" },
    });
    await api.persistentvolumes.create({
      metadata: { name: "pv" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: "1Gi" },
        csi: { driver: "csi.example.com", volumeHandle: "h" },
      },
    });
    await clock.advance(20_000);
    await api.pods.namespace("default").create({
      metadata: { name: "web" },
      spec: {
        nodeName: "a",
        containers: [{ name: "web", image: "web", resources: { claims: [{ name: "gpu" }] } }],
        resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "gpu" }],
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      },
    });
    await clock.advance(1_000);
    const pods = api.pods.namespace("default");
    const [claim] = (await pods.get("web")).status?.resourceClaimStatuses ?? [];
    assert.match(claim?.resourceClaimName ?? "", /^web-gpu-/);
    const [attachment] = (await api.volumeattachments.list()).items;
    assert.equal(attachment?.spec.source.persistentVolumeName, "pv");
    await api.volumeattachments.updateStatus({ ...copyOf(attachment), status: { attached: true } });
    await clock.advance(2_000);
    const [attached] = (await api.nodes.get("a")).status?.volumesAttached ?? [];
    assert.equal(attached?.name, "kubernetes.io/csi/csi.example.com^h");
    await pods.delete("web", { gracePeriodSeconds: 0 });
    await clock.advance(2_000);
    assert.deepEqual((await api.resourceclaims.list()).items, []);
    assert.deepEqual((await api.volumeattachments.list()).items, []);

    await api.secrets.namespace("default").create({
      metadata: { name: "token", annotations: { "kubernetes.io/service-account.name": "default" } },
      type: "kubernetes.io/service-account-token",
    });
    await clock.advance(1_000);
    const { data = {} } = await api.secrets.namespace("default").get("token");
    assert.deepEqual(Object.keys(data).sort(), ["ca.crt", "namespace", "token"]);
  });
});
