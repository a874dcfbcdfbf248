import assert from "node:assert/strict";
import { test } from "node:test";
import type { autoscalingV2 } from "../../../api/index.ts";
import { capitalized, metricFromV1, metricToV1, statusFromV1, statusToV1, uncapitalized } from "./annotations.ts";

const describedObject = { kind: "Service", name: "s" };
const metrics: readonly autoscalingV2.MetricSpec[] = [
  { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } } },
  {
    type: "ContainerResource",
    containerResource: { name: "cpu", container: "c", target: { type: "Utilization", averageUtilization: 5 } },
  },
  { type: "Pods", pods: { metric: { name: "m" }, target: { type: "AverageValue", averageValue: "1" } } },
  { type: "Object", object: { describedObject, metric: { name: "m" }, target: { type: "Value", value: "2" } } },
  {
    type: "External",
    external: { metric: { name: "q", selector: { matchLabels: { a: "b" } } }, target: { type: "Value", value: "30" } },
  },
];

for (const metric of metrics) {
  test(`a metric of type ${metric.type} comes back from version 1`, () => {
    assert.deepEqual(metricFromV1(metricToV1(metric)), metric);
  });
}

test("version 1 has its own names", () => {
  assert.deepEqual(metricToV1(metrics[4] ?? { type: "" }), {
    type: "External",
    external: { metricName: "q", metricSelector: { matchLabels: { a: "b" } }, targetValue: "30" },
  });
  const status = {
    type: "Resource",
    resource: { name: "cpu", current: { averageUtilization: 5, averageValue: "5m" } },
  };
  assert.deepEqual(statusToV1(status), {
    type: "Resource",
    resource: { name: "cpu", currentAverageUtilization: 5, currentAverageValue: "5m" },
  });
  assert.deepEqual(statusFromV1(statusToV1(status)), status);
});

test("behavior is written as Go names it", () => {
  const behavior = { scaleUp: { policies: [{ type: "Pods", value: 4, periodSeconds: 15 }] } };
  assert.deepEqual(capitalized(behavior), { ScaleUp: { Policies: [{ Type: "Pods", Value: 4, PeriodSeconds: 15 }] } });
  assert.deepEqual(uncapitalized({ ScaleUp: { SelectPolicy: null, StabilizationWindowSeconds: 5 } }), {
    scaleUp: { stabilizationWindowSeconds: 5 },
  });
});
