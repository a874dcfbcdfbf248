import assert from "node:assert/strict";
import { test } from "node:test";
import { testContainer, testPod } from "../testing/fixtures.ts";
import type { Pod } from "../types.ts";
import { changedResources, judgeResize, larger, restartsFor } from "./plan.ts";

const asking = (cpu: string, memory: string): Pod =>
  testPod({ containers: [testContainer("main", { resources: { requests: { cpu, memory } } })] });

test("what the node can never give is infeasible, what others have at the moment is deferred", () => {
  const judge = (pod: Pod, ...others: Pod[]) =>
    judgeResize({ pod, others, allocatable: { cpu: "2", memory: "1Gi" } }).type;
  assert.equal(judge(asking("2", "1Gi")), "apply");
  assert.equal(judge(asking("3", "1Gi")), "infeasible");
  assert.equal(judge(asking("1", "2Gi")), "infeasible");
  assert.equal(judge(asking("1500m", "1Mi"), asking("1", "1Mi")), "deferred");
});

test("only what changed counts, and a container says whether that needs a restart", () => {
  const share = (cpuShares: number, cpuQuotaUs: number, memoryBytes: number) => ({
    cpuShares,
    cpuQuotaUs,
    memoryBytes,
  });
  assert.deepEqual(changedResources(share(2, 0, 0), share(2, 0, 0)), []);
  assert.deepEqual(changedResources(share(2, 0, 0), share(2, 10, 0)), ["cpu"]);
  assert.deepEqual(changedResources(share(2, 0, 1), share(3, 0, 2)), ["cpu", "memory"]);
  const container = testContainer("main", {
    resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }],
  });
  assert.equal(restartsFor(container, ["cpu"]), false);
  assert.equal(restartsFor(container, ["cpu", "memory"]), true);
  assert.deepEqual(larger(share(2, 5, 0), share(1, 7, 9)), share(2, 7, 0), "no limit is the largest");
});
