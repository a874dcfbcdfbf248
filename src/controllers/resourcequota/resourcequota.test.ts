import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/index.ts";
import { kinds } from "../../client/index.ts";
import { withControllers } from "../fixture.ts";
import { resourceQuotaController } from "./resourcequota-controller.ts";

function pod(name: string, cpu: string, more: Partial<Pod["spec"]> = {}): Pod {
  return {
    metadata: { name, namespace: "default" },
    spec: { containers: [{ name: "a", image: "a", resources: { requests: { cpu, memory: "1Gi" } } }], ...more },
  };
}

test("what is used is counted, and counted again when it goes", async () => {
  await withControllers([resourceQuotaController], async (fixture) => {
    fixture.client.serveDiscovery([kinds.configmaps, kinds.deployments]);
    const hard = {
      "requests.cpu": "2",
      memory: "4Gi",
      pods: "10",
      configmaps: "5",
      "count/deployments.apps": "5",
      "services.nodeports": "3",
      "requests.storage": "10Gi",
    };
    await fixture.put("resourcequotas", { metadata: { name: "all", namespace: "default" }, spec: { hard } });
    await fixture.put("resourcequotas", {
      metadata: { name: "best", namespace: "default" },
      spec: { hard: { pods: "5" }, scopes: ["BestEffort"] },
    });
    const init = { name: "i", image: "i", resources: { requests: { cpu: "900m" } } };
    await fixture.put("pods", pod("a", "250m"), pod("b", "500m", { initContainers: [init] }));
    await fixture.put("pods", {
      metadata: { name: "c", namespace: "default" },
      spec: { containers: [{ name: "a", image: "a" }] },
    });
    await fixture.put("configmaps", { metadata: { name: "m", namespace: "default" } });
    await fixture.put("services", {
      metadata: { name: "s", namespace: "default" },
      spec: { type: "NodePort", ports: [{ port: 1 }, { port: 2 }] },
    });
    const resources = { requests: { storage: "3Gi" } };
    await fixture.put("persistentvolumeclaims", { metadata: { name: "p", namespace: "default" }, spec: { resources } });
    await fixture.settle();
    const used = (name: string): unknown => fixture.get("resourcequotas", `default/${name}`)?.status?.used;
    assert.deepEqual(used("all"), {
      "requests.cpu": "1150m",
      memory: "2Gi",
      pods: "3",
      configmaps: "1",
      "count/deployments.apps": "0",
      "services.nodeports": "2",
      "requests.storage": "3Gi",
    });
    assert.deepEqual(used("best"), { pods: "1" });
    fixture.force("pods", "default/b", (changed) => {
      changed.status = { phase: "Succeeded" };
    });
    await fixture.remove("pods", "default/c");
    await fixture.settle();
    assert.deepEqual((used("all") as Record<string, string>)["requests.cpu"], "250m");
    assert.deepEqual(used("best"), { pods: "0" });
  });
});

test("what is only counted is counted again when it goes", async () => {
  await withControllers([resourceQuotaController], async (fixture) => {
    fixture.client.serveDiscovery([kinds.configmaps, kinds.secrets, kinds.deployments]);
    const hard = { configmaps: "5", "count/secrets": "5", "count/deployments.apps": "5" };
    await fixture.put("resourcequotas", { metadata: { name: "all", namespace: "default" }, spec: { hard } });
    const used = (): unknown => fixture.get("resourcequotas", "default/all")?.status?.used;
    for (const name of ["a", "b"]) {
      await fixture.put("configmaps", { metadata: { name, namespace: "default" } });
      await fixture.put("secrets", { metadata: { name, namespace: "default" } });
    }
    await fixture.put("configmaps", { metadata: { name: "a", namespace: "other" } });
    await fixture.remove("configmaps", "default/a");
    await fixture.remove("secrets", "default/a");
    await fixture.settle();
    assert.deepEqual(used(), { configmaps: "1", "count/secrets": "1", "count/deployments.apps": "0" });
    await fixture.remove("configmaps", "other/a");
    await fixture.remove("secrets", "default/b");
    await fixture.settle();
    assert.deepEqual(used(), { configmaps: "1", "count/secrets": "0", "count/deployments.apps": "0" });
  });
});
