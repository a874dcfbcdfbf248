import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../apimachinery/index.ts";
import { startControlPlane } from "../../testing/index.ts";

type Any = KubeObject & Record<string, unknown>;

test("an event written in one group is read in the other", async () => {
  const plane = await startControlPlane();
  try {
    const core = plane.client.resource<Any>({ group: "", version: "v1", resource: "events" }).namespace("default");
    const other = plane.client
      .resource<Any>({ group: "events.k8s.io", version: "v1", resource: "events" })
      .namespace("default");
    const involvedObject = { kind: "Pod", namespace: "default", name: "web" };
    await core.create({
      metadata: { name: "a" },
      involvedObject,
      message: "hello",
      reason: "Started",
      count: 2,
      type: "Normal",
    });
    const read = await other.get("a");
    assert.equal(read.apiVersion, "events.k8s.io/v1");
    assert.deepEqual([read["note"], read["deprecatedCount"], read["regarding"]], ["hello", 2, involvedObject]);
    const list = await other.list();
    assert.equal(list.items[0]?.["note"], "hello");
    await other.update({ ...read, note: "again" });
    assert.equal((await core.get("a"))["message"], "again");
  } finally {
    await plane.stop();
  }
});

test("an autoscaler keeps in annotations what version 1 cannot say", async () => {
  const plane = await startControlPlane();
  try {
    const of = (version: string) =>
      plane.client
        .resource<Any>({ group: "autoscaling", version, resource: "horizontalpodautoscalers" })
        .namespace("default");
    const utilization = (name: string, averageUtilization: number) => ({
      type: "Resource",
      resource: { name, target: { type: "Utilization", averageUtilization } },
    });
    const scaleTargetRef = { kind: "Deployment", name: "web", apiVersion: "apps/v1" };
    await of("v2").create({
      metadata: { name: "a" },
      spec: { scaleTargetRef, maxReplicas: 3, metrics: [utilization("memory", 50), utilization("cpu", 70)] },
    });
    const first = await of("v1").get("a");
    assert.equal((first["spec"] as { targetCPUUtilizationPercentage: number }).targetCPUUtilizationPercentage, 70);
    assert.deepEqual(JSON.parse(first.metadata.annotations?.["autoscaling.alpha.kubernetes.io/metrics"] ?? ""), [
      { type: "Resource", resource: { name: "memory", targetAverageUtilization: 50 } },
    ]);
    await of("v1").update({ ...first, spec: { ...(first["spec"] as object), maxReplicas: 4 } });
    const second = (await of("v2").get("a"))["spec"] as {
      maxReplicas: number;
      metrics: { resource: { name: string } }[];
    };
    assert.equal(second.maxReplicas, 4);
    assert.deepEqual(
      second.metrics.map(({ resource }) => resource.name),
      ["memory", "cpu"],
    );
  } finally {
    await plane.stop();
  }
});
