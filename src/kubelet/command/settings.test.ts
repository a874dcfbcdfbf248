import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualPlatform } from "../../base/index.ts";
import { resolveConfiguration } from "../config.ts";
import { readKubeletSettings } from "./settings.ts";

const { disk } = createVirtualPlatform();
const read = (...args: string[]) => readKubeletSettings(disk, args);

test("without anything, upstream's defaults hold", async () => {
  const { configuration, nodeName, runtimeEndpoint } = await read();
  const resolved = resolveConfiguration({ ...configuration, nodeName: "n" });
  assert.equal(nodeName, undefined);
  assert.equal(runtimeEndpoint, "unix:///run/containerd/containerd.sock");
  assert.equal(resolved.port, 10_250);
  assert.equal(resolved.maxPods, 110);
  assert.equal(resolved.maxParallelImagePulls, 1, "upstream serializes pulls by default");
  assert.equal(resolved.evictionHard["memory.available"], "100Mi");
  assert.deepEqual(resolved.authentication, { anonymous: false, webhook: true, clientCa: undefined });
});

test("flags overrule the configuration file", async () => {
  await disk.write("/ca.crt", "CA");
  const lines = [
    "apiVersion: kubelet.config.k8s.io/v1beta1",
    "kind: KubeletConfiguration",
    "maxPods: 20",
    "clusterDNS: [10.96.0.10]",
    "nodeStatusUpdateFrequency: 5s",
    "authentication: { x509: { clientCAFile: /ca.crt } }",
    'evictionHard: { memory.available: "5%" }',
    "registerWithTaints: [{ key: a, effect: NoSchedule }]",
  ];
  await disk.write("/kubelet.yaml", lines.join("\n"));
  const settings = await read(
    "--config=/kubelet.yaml",
    "--max-pods=30",
    "--hostname-override=Node-1",
    "--node-ip=10.0.0.1,fd00::1",
  );
  assert.equal(settings.nodeName, "node-1");
  const { configuration } = settings;
  assert.equal(configuration.maxPods, 30);
  assert.deepEqual(configuration.clusterDns, ["10.96.0.10"]);
  assert.equal(configuration.nodeStatusUpdateFrequencyMs, 5_000);
  assert.equal(configuration.authentication?.clientCa, "CA");
  assert.deepEqual(configuration.evictionHard, { "memory.available": "5%" });
  assert.deepEqual(configuration.nodeIps, ["10.0.0.1", "fd00::1"]);
  assert.equal(configuration.registerWithTaints?.[0]?.key, "a");
});

test("mistakes are named", async () => {
  await assert.rejects(read("--authorization-mode=RBAC"), /unknown authorization mode "RBAC"/);
  await assert.rejects(read("--eviction-hard=memory.available"), /invalid eviction threshold syntax/);
  await assert.rejects(read("--register-with-taints=a"), /invalid taint spec: a/);
  await assert.rejects(read("--nonsense"), /unknown flag: --nonsense/);
});

test("feature gates come from file and flags; those that are fixed are refused", async () => {
  const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
  await disk.write("/gates.yaml", `${head}featureGates: { ContainerStopSignals: true, GenericWorkload: true }\n`);
  const { features } = await read("--config=/gates.yaml", "--feature-gates=GenericWorkload=false");
  assert.deepEqual(
    ["ContainerStopSignals", "GenericWorkload"].map((name) => features.enabled(name)),
    [true, false],
  );
  await assert.rejects(read("--feature-gates=EventedPLEG=true"), {
    name: "ConfigError",
    message:
      "failed to set feature gates from initial flags-based config: cannot set feature gate EventedPLEG to true, feature is locked to false in k8ts",
  });
});
