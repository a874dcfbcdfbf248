import assert from "node:assert/strict";
import { test } from "node:test";
import type { HorizontalPodAutoscaler, Pod } from "../../api/index.ts";
import { withControllers } from "../fixture.ts";
import { limit, noHistory, remember, rememberScale } from "./behavior.ts";
import { horizontalPodAutoscalerController } from "./horizontal-pod-autoscaler-controller.ts";
import {
  byAverageValue,
  byShare,
  byUtilization,
  byValue,
  type CalculatorInput,
  defaultCalculatorConfig,
} from "./replica-calculator.ts";

const nowMs = Date.parse("2026-01-01T01:00:00Z");

function pod(name: string, request = "1", status: Pod["status"] = {}): Pod {
  const startTime = "2026-01-01T00:00:00Z";
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: startTime }];
  return {
    metadata: { name },
    spec: { containers: [{ name: "a", image: "a", resources: { requests: { cpu: request } } }] },
    status: { phase: "Running", startTime, conditions, ...status },
  };
}

function input(pods: readonly Pod[], usage: readonly (number | undefined)[]): CalculatorInput {
  const metrics = new Map(
    pods.flatMap((one, index) => {
      const milli = usage[index];
      return milli === undefined ? [] : [[one.metadata.name ?? "", { milli, atMs: nowMs, windowMs: 60_000 }] as const];
    }),
  );
  return { pods, metrics, currentReplicas: pods.length, nowMs, config: defaultCalculatorConfig, resource: "cpu" };
}

const pods = (count: number): Pod[] => Array.from({ length: count }, (_, index) => pod(`p${index}`));

test("utilization: up, down, and nothing within the tolerance", () => {
  assert.deepEqual(byUtilization(input(pods(3), [300, 500, 700]), 30), { replicas: 5, current: 50, average: 500 });
  assert.equal(byUtilization(input(pods(5), [100, 300, 500, 250, 250]), 50).replicas, 3);
  assert.equal(byUtilization(input(pods(3), [1010, 1030, 1020]), 100).replicas, 3);
});

test("pods that tell nothing, or only start, hold both directions back", () => {
  // Up: the silent one counts as idle. Down: it counts as busy.
  assert.equal(byUtilization(input(pods(4), [undefined, 900, 900, 900]), 30).replicas, 9);
  assert.equal(byUtilization(input(pods(4), [undefined, 400, 400, 400]), 100).replicas, 3);
  const starting = pod("new", "1", { phase: "Pending" });
  assert.equal(byUtilization(input([...pods(3), starting], [500, 500, 500]), 30).replicas, 5);
  assert.throws(() => byUtilization(input([starting], []), 30), /did not receive metrics for targeted pods/);
  const without = { ...pod("x"), spec: { containers: [{ name: "a", image: "a" }] } };
  assert.throws(() => byUtilization(input([without], [1]), 30), /missing request for cpu in container a of Pod x/);
});

test("values: per pod, as a whole, and by share", () => {
  assert.equal(
    byAverageValue({ ...input(pods(3), [20_000, 10_000, 30_000]), resource: undefined }, 15_000).replicas,
    4,
  );
  assert.equal(byValue(20_000, 15_000, 3, 3, defaultCalculatorConfig).replicas, 4);
  assert.equal(byShare(8_600, 2_000, 3, defaultCalculatorConfig).replicas, 5);
  assert.equal(byShare(6_100, 2_000, 3, defaultCalculatorConfig).replicas, 3);
});

function autoscaler(behavior: HorizontalPodAutoscaler["spec"]["behavior"] = {}): HorizontalPodAutoscaler {
  return {
    metadata: { name: "h" },
    spec: { scaleTargetRef: { kind: "Deployment", name: "d" }, minReplicas: 2, maxReplicas: 20, behavior },
  };
}

test("behavior: the default goes up by four or double, and down only after five calm minutes", () => {
  assert.deepEqual(limit(autoscaler(), noHistory, 3, 18, nowMs), {
    replicas: 7,
    reason: "ScaleUpLimit",
    message: "the desired replica count is increasing faster than the maximum scale rate",
    stabilized: undefined,
  });
  const after = rememberScale(noHistory, 3, 7, nowMs);
  assert.equal(limit(autoscaler(), after, 7, 18, nowMs + 10_000).replicas, 7);
  assert.equal(limit(autoscaler(), after, 7, 30, nowMs + 20_000).replicas, 14);
  assert.equal(limit(autoscaler(), noHistory, 15, 30, nowMs).reason, "TooManyReplicas");
  const busy = remember(noHistory, 10, autoscaler(), nowMs);
  assert.deepEqual(
    [
      limit(autoscaler(), busy, 10, 3, nowMs + 299_000).replicas,
      limit(autoscaler(), busy, 10, 3, nowMs + 299_000).stabilized,
    ],
    [10, "down"],
  );
  assert.equal(limit(autoscaler(), busy, 10, 3, nowMs + 301_000).replicas, 3);
  assert.equal(limit(autoscaler(), noHistory, 10, 0, nowMs).reason, "TooFewReplicas");
});

test("behavior: own policies", () => {
  const slow = autoscaler({
    scaleDown: {
      stabilizationWindowSeconds: 0,
      selectPolicy: "Min",
      policies: [
        { type: "Pods", value: 4, periodSeconds: 60 },
        { type: "Percent", value: 10, periodSeconds: 60 },
      ],
    },
  });
  assert.equal(limit(slow, noHistory, 20, 5, nowMs).replicas, 18);
  const off = autoscaler({ scaleUp: { selectPolicy: "Disabled" } });
  assert.equal(limit(off, noHistory, 5, 10, nowMs).replicas, 5);
});

test("a busy workload grows, and its autoscaler says why", async () => {
  await withControllers([horizontalPodAutoscalerController], async (fixture) => {
    const resources = [
      { name: "deployments", kind: "Deployment", namespaced: true, verbs: ["get"] },
      { name: "deployments/scale", kind: "Scale", namespaced: true, verbs: ["get"] },
    ];
    fixture.client.answers.set("/apis/apps/v1", { resources });
    const template = { metadata: {}, spec: { containers: [] } };
    const status = { selector: "app=web" } as object;
    await fixture.put("deployments", {
      metadata: { name: "web", namespace: "default" },
      spec: { replicas: 2, selector: {}, template },
      status,
    });
    const items = ["a", "b"].map((name) => ({
      metadata: { name },
      timestamp: "2026-01-01T00:00:00Z",
      window: "30s",
      containers: [{ name: "a", usage: { cpu: "900m" } }],
    }));
    fixture.client.answers.set("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb", {
      items,
    });
    for (const name of ["a", "b"]) {
      const running = pod(name, "1", { startTime: "2025-01-01T00:00:00Z" });
      await fixture.put("pods", { ...running, metadata: { name, namespace: "default", labels: { app: "web" } } });
    }
    const cpu = {
      type: "Resource",
      resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
    };
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
    await fixture.put("horizontalpodautoscalers", {
      metadata: { name: "web", namespace: "default" },
      spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 10, metrics: [cpu] },
    });
    await fixture.settle();
    assert.equal(fixture.get("deployments", "default/web")?.spec.replicas, 4);
    const seen = fixture.get("horizontalpodautoscalers", "default/web")?.status;
    assert.deepEqual(seen?.currentMetrics, [
      { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 90, averageValue: "900m" } } },
    ]);
    assert.deepEqual([seen?.currentReplicas, seen?.desiredReplicas], [2, 4]);
    assert.deepEqual(seen?.conditions?.map(({ type, status: value, reason }) => `${type}=${value} ${reason}`).sort(), [
      "AbleToScale=True SucceededRescale",
      "ScalingActive=True ValidMetricFound",
      "ScalingLimited=False DesiredWithinRange",
    ]);
    assert.deepEqual(fixture.events("web"), [
      "Normal SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target",
    ]);
    fixture.client.answers.clear();
    fixture.client.answers.set("/apis/apps/v1", { resources });
    await fixture.advance(16_000);
    assert.equal(fixture.get("deployments", "default/web")?.spec.replicas, 4);
    const active = fixture
      .get("horizontalpodautoscalers", "default/web")
      ?.status?.conditions?.find(({ type }) => type === "ScalingActive");
    assert.deepEqual([active?.status, active?.reason], ["False", "FailedGetResourceMetric"]);
    const why =
      "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: ";
    assert.ok(
      active?.message?.startsWith(`the HPA was unable to compute the replica count: ${why}`),
      String(active?.message),
    );
    const last = fixture.events("web").at(-1) ?? "";
    assert.ok(last.includes(`first error is: failed to get cpu resource metric value: ${why}`), last);
    const { body } = fixture.registry.render();
    const counted = (name: string): string[] =>
      body.split("\n").filter((line) => line.startsWith(`horizontal_pod_autoscaler_controller_${name}`));
    const found = ["reconciliations_total", "metric_computation_total", "num_", "desired_replicas"].flatMap(counted);
    assert.deepEqual(
      found.map((line) => line.replace("horizontal_pod_autoscaler_controller_", "")),
      [
        'reconciliations_total{action="scale_up",error="none"} 1',
        'reconciliations_total{action="none",error="internal"} 1',
        'metric_computation_total{action="scale_up",error="none",metric_type="Resource"} 1',
        'metric_computation_total{action="none",error="internal",metric_type="Resource"} 1',
        "num_horizontal_pod_autoscalers 1",
        'desired_replicas{namespace="default",hpa_name="web"} 4',
      ],
    );
  });
});
