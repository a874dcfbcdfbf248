import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "../../api/index.ts";
import { type Fixture, runPods, withControllers } from "../fixture.ts";
import { replicaSetController } from "../replicaset/replicaset-controller.ts";
import { deploymentController } from "./deployment-controller.ts";

const both = [replicaSetController, deploymentController];

function web(replicas: number, image = "web:1", more: Partial<Deployment["spec"]> = {}): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default", generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...more,
    },
  };
}

function sizes(fixture: Fixture): Record<string, number | undefined> {
  const entries = fixture
    .all("replicasets")
    .map((set) => [set.spec.template?.spec.containers[0]?.image ?? "", set.spec.replicas]);
  return Object.fromEntries(entries);
}

async function setImage(fixture: Fixture, image: string): Promise<void> {
  await fixture.change("deployments", "default/web", (deployment) => {
    deployment.spec.template.spec.containers = [{ name: "web", image }];
  });
}

test("a deployment makes a set, the set makes pods, and the status tells", async () => {
  await withControllers(both, async (fixture) => {
    await fixture.put("deployments", web(3));
    await runPods(fixture);
    const [set] = fixture.all("replicasets");
    const name = set?.metadata.name ?? "";
    assert.match(name, /^web-[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    assert.equal(fixture.all("pods").length, 3);
    assert.ok(fixture.all("pods").every((pod) => pod.metadata.generateName === `${name}-`));
    assert.deepEqual(set?.metadata.annotations, {
      "deployment.kubernetes.io/desired-replicas": "3",
      "deployment.kubernetes.io/max-replicas": "4",
      "deployment.kubernetes.io/revision": "1",
    });
    assert.deepEqual(fixture.events("web"), [`Normal ScalingReplicaSet: Scaled up replica set ${name} from 0 to 3`]);
    assert.equal(fixture.events(name).length, 3);
    assert.match(fixture.events(name)[0] ?? "", new RegExp(`^Normal SuccessfulCreate: Created pod: ${name}-.{5}$`));
    const { status, metadata } = fixture.get("deployments", "default/web") ?? web(0);
    assert.equal(metadata.annotations?.["deployment.kubernetes.io/revision"], "1");
    const { conditions, ...counts } = status ?? {};
    assert.deepEqual(counts, {
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 0,
      terminatingReplicas: 0,
    });
    assert.deepEqual(
      conditions?.map(({ type, status: value, reason, message }) => [type, value, reason, message]),
      [
        ["Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."],
        ["Progressing", "True", "NewReplicaSetAvailable", `ReplicaSet "${name}" has successfully progressed.`],
      ],
    );
  });
});

test("a rolling update never leaves its fence posts, and a rollback finds the old set", async () => {
  await withControllers(both, async (fixture) => {
    await fixture.put(
      "deployments",
      web(4, "web:1", { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
    );
    await runPods(fixture);
    await setImage(fixture, "web:2");
    for (let round = 0; round < 20; round += 1) {
      await runPods(fixture, 1);
      const pods = fixture.all("pods");
      assert.ok(pods.length <= 5, `${pods.length} pods`);
      assert.ok(pods.filter((pod) => pod.status?.phase === "Running").length >= 3);
    }
    await runPods(fixture);
    assert.deepEqual(sizes(fixture), { "web:1": 0, "web:2": 4 });
    assert.equal(
      fixture.get("deployments", "default/web")?.metadata.annotations?.["deployment.kubernetes.io/revision"],
      "2",
    );
    await setImage(fixture, "web:1");
    for (let round = 0; round < 20; round += 1) await runPods(fixture, 1);
    assert.deepEqual(sizes(fixture), { "web:1": 4, "web:2": 0 });
    const first = fixture.all("replicasets").find((set) => set.spec.template?.spec.containers[0]?.image === "web:1");
    assert.equal(first?.metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
    assert.equal(first?.metadata.annotations?.["deployment.kubernetes.io/revision-history"], "1");
  });
});

test("recreate waits until the old pods are gone", async () => {
  await withControllers(both, async (fixture) => {
    await fixture.put("deployments", web(2, "web:1", { strategy: { type: "Recreate" } }));
    await runPods(fixture);
    await setImage(fixture, "web:2");
    for (let round = 0; round < 30; round += 1) {
      await fixture.advance(1);
      const images = new Set(fixture.all("pods").map((pod) => pod.spec.containers[0]?.image));
      assert.ok(images.size <= 1, [...images].join());
    }
    await runPods(fixture);
    assert.deepEqual(sizes(fixture), { "web:1": 0, "web:2": 2 });
    assert.deepEqual(new Set(fixture.all("pods").map((pod) => pod.spec.containers[0]?.image)), new Set(["web:2"]));
  });
});

test("a rollout that gets nowhere is told after its deadline", async () => {
  await withControllers(both, async (fixture) => {
    await fixture.put("deployments", web(1, "web:1", { progressDeadlineSeconds: 60 }));
    await fixture.advance(59_000);
    const progressing = (): string | undefined =>
      fixture
        .get("deployments", "default/web")
        ?.status?.conditions?.find((condition) => condition.type === "Progressing")?.reason;
    assert.equal(progressing(), "ReplicaSetUpdated");
    await fixture.advance(4_000);
    assert.equal(progressing(), "ProgressDeadlineExceeded");
  });
});

test("scaling in the midst of a rollout is shared out in proportion; a paused one only scales", async () => {
  await withControllers(both, async (fixture) => {
    await fixture.put(
      "deployments",
      web(10, "web:1", { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }),
    );
    await runPods(fixture);
    await setImage(fixture, "web:2");
    await fixture.settle();
    assert.deepEqual(sizes(fixture), { "web:1": 8, "web:2": 5 });
    await fixture.change("deployments", "default/web", (deployment) => {
      deployment.spec.replicas = 15;
    });
    await fixture.settle();
    assert.deepEqual(sizes(fixture), { "web:1": 11, "web:2": 7 });
    await fixture.change("deployments", "default/web", (deployment) => {
      deployment.spec.paused = true;
    });
    await runPods(fixture);
    assert.deepEqual(sizes(fixture), { "web:1": 11, "web:2": 7 });
    const conditions = fixture.get("deployments", "default/web")?.status?.conditions;
    assert.equal(conditions?.find((condition) => condition.type === "Progressing")?.reason, "DeploymentPaused");
  });
});

test("history beyond its limit is removed", async () => {
  await withControllers(both, async (fixture) => {
    await fixture.put("deployments", web(1, "web:0", { revisionHistoryLimit: 2 }));
    await runPods(fixture);
    for (let version = 1; version <= 5; version += 1) {
      await setImage(fixture, `web:${version}`);
      for (let round = 0; round < 5; round += 1) await runPods(fixture, 1);
    }
    await fixture.advance(2_000);
    assert.deepEqual(Object.keys(sizes(fixture)).sort(), ["web:3", "web:4", "web:5"]);
  });
});
