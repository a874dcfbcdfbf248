import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, TestCluster } from "./cluster/harness.ts";

const cluster = new TestCluster("metrics");
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      tolerations: [{ operator: Exists }]
      containers: [{ name: web, image: "example.test/web:1" }]
`;
const node = JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name: "paper" } });
const capacity = { cpu: "4", memory: "8Gi", pods: "10" };

describe("a cluster's control plane, by its metrics", () => {
  before(() => cluster.up("--nodes=0", "--datastore=memory"));
  after(() => cluster.destroy());

  /** The value of one series; 0 where there is none. */
  const valueOf = (text: string, series: string): number => {
    const line = text.split("\n").find((each) => each.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  };
  const metrics = (): Promise<string> => cluster.kubectl("get", "--raw", "/metrics");

  it("tells of pods that find no node, and of those that do", async () => {
    await cluster.apply(deployment);
    const waiting = await eventually(
      metrics,
      (text) => valueOf(text, 'scheduler_pending_pods{queue="unschedulable"}') === 2,
    );
    const refused = 'scheduler_schedule_attempts_total{result="unschedulable",profile="default-scheduler"}';
    assert.ok(valueOf(waiting, refused) >= 2);
    assert.equal(valueOf(waiting, 'scheduler_queue_incoming_pods_total{queue="active",event="UnscheduledPodAdd"}'), 2);
    await cluster.apply(node);
    const patch = JSON.stringify({ status: { capacity, allocatable: capacity } });
    await cluster.kubectl("patch", "node", "paper", "--subresource=status", "--type=merge", "-p", patch);
    const scheduled = 'scheduler_schedule_attempts_total{result="scheduled",profile="default-scheduler"}';
    const placed = await eventually(metrics, (text) => valueOf(text, scheduled) === 2);
    assert.equal(valueOf(placed, 'scheduler_pending_pods{queue="unschedulable"}'), 0);
    assert.equal(valueOf(placed, "scheduler_pod_scheduling_attempts_count"), 2);
    const bound =
      'scheduler_framework_extension_point_duration_seconds_count{extension_point="Bind",status="Success",profile="default-scheduler"}';
    assert.equal(valueOf(placed, bound), 2);
    const filtered = (status: string): number =>
      valueOf(
        placed,
        `scheduler_framework_extension_point_duration_seconds_count{extension_point="Filter",status="${status}",profile="default-scheduler"}`,
      );
    // As upstream, whatever the filters found: those that placed the pods, and those before.
    assert.ok(filtered("Success") >= 2 && filtered("Success") <= valueOf(placed, scheduled) + valueOf(placed, refused));
    assert.equal(filtered("Unschedulable"), 0);
    assert.equal(valueOf(placed, 'scheduler_cache_size{type="nodes"}'), 1);
  });

  it("tells of pods that are not to be scheduled yet", async () => {
    const gated = 'scheduler_pending_pods{queue="gated"}';
    await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: { name: gated }
spec: { schedulingGates: [{ name: example.test/gate }], containers: [{ name: web, image: "example.test/web:1" }] }
`);
    await eventually(metrics, (text) => valueOf(text, gated) === 1);
    const patch = JSON.stringify({ spec: { schedulingGates: null } });
    await cluster.kubectl("patch", "pod", "gated", "--type=merge", "-p", patch);
    await eventually(metrics, (text) => valueOf(text, gated) === 0);
  });

  it("tells how the controllers' queues do", async () => {
    const text = await metrics();
    for (const name of ["deployment", "replicaset"]) {
      assert.ok(valueOf(text, `workqueue_adds_total{name="${name}"}`) > 0, name);
      assert.ok(valueOf(text, `workqueue_work_duration_seconds_count{name="${name}"}`) > 0, name);
      assert.match(text, new RegExp(`^workqueue_unfinished_work_seconds\\{name="${name}"\\} `, "m"));
    }
  });

  it("gives every metric a type, a help text and a stability", async () => {
    const text = await metrics();
    const described = new Set<string>();
    for (const line of text.split("\n")) {
      const [, name = "", help = ""] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
      if (name === "") continue;
      described.add(name);
      assert.match(help, /\S/, name);
      if (!/^(?:process|nodejs|k8ts)_/.test(name)) assert.match(help, /^\[(?:ALPHA|BETA|STABLE)\] /, name);
    }
    for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
      const name = /^[a-z0-9_:]+/i.exec(line)?.[0] ?? "";
      assert.ok(described.has(name) || described.has(name.replace(/_(?:bucket|sum|count)$/, "")), name);
    }
  });
});
