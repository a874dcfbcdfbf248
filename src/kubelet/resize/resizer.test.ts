import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../base/index.ts";
import type { RuntimeContainer, RuntimePod } from "../runtime/view.ts";
import { testContainer, testPod } from "../testing/fixtures.ts";
import type { Pod } from "../types.ts";
import { Resizer, type ResizerOptions } from "./resizer.ts";

test("amounts that are the same to the kernel are still told anew", async () => {
  const share = { cpuShares: 2, cpuQuotaUs: 1_000, memoryBytes: 0 };
  const options = {
    cgroups: { readShare: () => Promise.resolve(share), comparable: () => share },
    node: { cgroupRoot: "/", cpuCfsQuota: true, allocatable: {} },
    others: () => [],
  };
  const resizer = new Resizer(options as unknown as ResizerOptions);
  const asking = (cpu: string, generation: number): Pod => {
    const pod = testPod({ containers: [testContainer("main", { resources: { requests: { cpu } } })] });
    return { ...pod, metadata: { ...pod.metadata, generation } };
  };
  const container = { id: "1", name: "main", state: "running" } as RuntimeContainer;
  const uid = asking("1m", 1).metadata.uid ?? "";
  const view: RuntimePod = { uid, name: "p", namespace: "n", sandboxes: [], containers: [container] };
  const resize = async (cpu: string, generation: number) =>
    (await resizer.resize(asking(cpu, generation), view, new AbortController().signal)).changed;

  assert.equal(await resize("2m", 1), false);
  assert.equal(await resize("1m", 2), true);
  assert.deepEqual(resizer.given(uid, "1"), { requests: { cpu: "1m" } });
  assert.equal(await resize("1m", 3), false);
});

test("a resize is told of twice, with all that the containers are to have", async () => {
  const events: string[] = [];
  let share = { cpuShares: 2, cpuQuotaUs: 1_000, memoryBytes: 0 };
  const options = {
    cgroups: {
      readShare: () => Promise.resolve(share),
      comparable: (wanted: typeof share) => wanted,
      setLimits: () => Promise.resolve(),
    },
    runtime: {
      updateContainerResources: ({ linux }: { linux: { cpuShares: number } }) => {
        share = { cpuShares: linux.cpuShares, cpuQuotaUs: 0, memoryBytes: 0 };
        return Promise.resolve({});
      },
    },
    node: { cgroupRoot: "/", cpuCfsQuota: true, allocatable: { cpu: "2" } },
    events: {
      event: (_target: unknown, _type: string, reason: string, text: string) => events.push(`${reason} ${text}`),
    },
    log: silentLog,
    others: () => [],
  };
  const resizer = new Resizer(options as unknown as ResizerOptions);
  const main = testContainer("main", { resources: { requests: { cpu: "20m" } } });
  const pod = testPod({ containers: [main] }, { generation: 3 });
  const container = { id: "1", name: "main", state: "running" } as RuntimeContainer;
  const view: RuntimePod = { uid: "uid-1", name: "p", namespace: "n", sandboxes: [], containers: [container] };
  assert.equal((await resizer.resize(pod, view, new AbortController().signal)).changed, true);
  const summary = '{"containers":[{"name":"main","resources":{"requests":{"cpu":"20m"}}}],"generation":3}';
  assert.deepEqual(events, [
    `ResizeStarted Pod resize started: ${summary}`,
    `ResizeCompleted Pod resize completed: ${summary}`,
  ]);
});
