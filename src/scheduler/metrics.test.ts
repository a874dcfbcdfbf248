import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../api/index.ts";
import { MetricsRegistry } from "../component/index.ts";
import { schedulerMetrics } from "./metrics.ts";
import { podResourceMetrics } from "./resource-metrics.ts";

test("plug-ins are counted by upstream's extension points", () => {
  const registry = new MetricsRegistry();
  const { evaluated } = schedulerMetrics(registry);
  evaluated("filter", "NodeResourcesFit", 3);
  evaluated("filter", "NodeResourcesFit", 0);
  evaluated("filter", "NodeName", 3);
  evaluated("score", "ImageLocality", 2);
  const lines = registry
    .render()
    .body.split("\n")
    .filter((line) => line.startsWith("scheduler_plugin_evaluation_total{"))
    .map((line) => line.replace(',profile="default-scheduler"', ""));
  assert.deepEqual(lines, [
    'scheduler_plugin_evaluation_total{plugin="NodeResourcesFit",extension_point="PreFilter"} 2',
    'scheduler_plugin_evaluation_total{plugin="NodeResourcesFit",extension_point="Filter"} 3',
    'scheduler_plugin_evaluation_total{plugin="NodeName",extension_point="Filter"} 3',
    'scheduler_plugin_evaluation_total{plugin="ImageLocality",extension_point="Score"} 2',
  ]);
});

test("events have upstream's names", () => {
  const registry = new MetricsRegistry();
  const { incoming } = schedulerMetrics(registry);
  incoming("active", "NodeUpdateTaint");
  incoming("active", "NodeAdd");
  const { body } = registry.render();
  for (const event of ["NodeUpdateNodeTaint", "NodeAdd"]) {
    assert.match(body, new RegExp(`^scheduler_queue_incoming_pods_total{queue="active",event="${event}"} 1$`, "m"));
  }
});

test("what pods ask for and may use is shown until their end", () => {
  const pod = (name: string, phase: "Running" | "Succeeded"): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      nodeName: "n1",
      schedulerName: "default-scheduler",
      priority: 7,
      overhead: { cpu: "250m" },
      initContainers: [{ name: "init", image: "x", resources: { requests: { cpu: "1" } } }],
      containers: [
        { name: "a", image: "x", resources: { requests: { cpu: "100m", memory: "1Ki" }, limits: { memory: "2Ki" } } },
        { name: "b", image: "x", resources: { requests: { cpu: "1500m", "example.com/gpu": "1" } } },
      ],
    },
    status: { phase },
  });
  const registry = podResourceMetrics(() => [pod("runs", "Running"), pod("done", "Succeeded")]);
  const series = (name: string, resource: string, unit: string, amount: number) =>
    `kube_pod_resource_${name}{namespace="default",pod="runs",node="n1",scheduler="default-scheduler",priority="7",resource="${resource}",unit="${unit}"} ${amount}`;
  assert.deepEqual(
    registry
      .render()
      .body.split("\n")
      .filter((line) => line.startsWith("kube_pod")),
    [
      series("limit", "memory", "bytes", 2048),
      series("request", "cpu", "cores", 1.85),
      series("request", "memory", "bytes", 1024),
      series("request", "example.com/gpu", "", 1),
    ],
  );
});
