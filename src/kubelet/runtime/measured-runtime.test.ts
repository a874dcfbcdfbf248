import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import type { ContainerRuntime } from "../../cri/index.ts";
import { measuredRuntime } from "./measured-runtime.ts";

test("calls of the runtime are counted by upstream's names, and those that fail", async () => {
  const clock = new VirtualClock();
  const registry = new MetricsRegistry();
  const runtime = {
    version: async () => ({ version: "1" }),
    runPodSandbox: async () => {
      await clock.sleep(3_000);
      return {};
    },
    updateContainerResources: async () => Promise.reject(new Error("no")),
  };
  const images = { imageFsInfo: async () => ({}) };
  const cri = measuredRuntime({ runtime, images, close: () => {} } as unknown as ContainerRuntime, registry, clock);
  assert.deepEqual(await cri.runtime.version(), { version: "1" });
  const started = cri.runtime.runPodSandbox();
  await clock.advance(3_000);
  await started;
  await assert.rejects(cri.runtime.updateContainerResources(), { message: "no" });
  await cri.images.imageFsInfo();
  const { body } = registry.render();
  for (const line of [
    'total{operation_type="version"} 1',
    'total{operation_type="run_podsandbox"} 1',
    'total{operation_type="image_fs_info"} 1',
    'errors_total{operation_type="update_container"} 1',
    'errors_total{operation_type="version"} 0',
    'duration_seconds_sum{operation_type="run_podsandbox"} 3',
    'duration_seconds_count{operation_type="update_container"} 1',
  ])
    assert.ok(body.includes(`kubelet_runtime_operations_${line}\n`), line);
});
