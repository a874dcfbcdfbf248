import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualPlatform } from "../../base/index.ts";
import { decodeConfiguration, defaultConfiguration, readConfiguration } from "./configuration.ts";
import { ConfigError, field } from "./fields.ts";

const kind = {
  apiVersions: ["kubelet.config.k8s.io/v1beta1"],
  kind: "KubeletConfiguration",
  shape: {
    port: field.integer(10250),
    syncFrequency: field.duration(60_000),
    clusterDNS: field.textList(),
    featureGates: field.booleanMap(),
    authentication: field.object({ anonymous: field.object({ enabled: field.boolean(false) }) }),
    registerWithTaints: field.listOf(field.object({ key: field.text(), effect: field.text() })),
    maxPods: field.optional(field.integer()),
    logging: field.raw(),
  },
};
const head = { apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration" };

test("a file is read with its defaults", async () => {
  const { disk } = createVirtualPlatform();
  await disk.write(
    "/config.yaml",
    `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
syncFrequency: 1m30s
clusterDNS: [10.96.0.10]
featureGates: { ImageVolume: true }
authentication: { anonymous: { enabled: true } }
registerWithTaints: [{ key: a, effect: NoSchedule }]
`,
  );
  const config = await readConfiguration(disk, "/config.yaml", kind);
  assert.deepEqual(config, {
    port: 10250,
    syncFrequency: 90_000,
    clusterDNS: ["10.96.0.10"],
    featureGates: { ImageVolume: true },
    authentication: { anonymous: { enabled: true } },
    registerWithTaints: [{ key: "a", effect: "NoSchedule" }],
    maxPods: undefined,
    logging: undefined,
  });
  assert.equal(defaultConfiguration(kind).authentication.anonymous.enabled, false);
  await assert.rejects(
    readConfiguration(disk, "/none", kind),
    /failed to load KubeletConfiguration from \/none: ENOENT/,
  );
});

test("what does not fit is named", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{}, "Object 'Kind' is missing"],
    [{ kind: "KubeletConfiguration" }, "Object 'apiVersion' is missing"],
    [{ ...head, kind: "Other" }, 'no kind "Other" is registered for version "kubelet.config.k8s.io/v1beta1"'],
    [{ ...head, port: "x" }, 'port: expected an integer, got string "x"'],
    [{ ...head, syncFrequency: "5" }, 'syncFrequency: time: missing unit in duration "5"'],
    [{ ...head, clusterDNS: {} }, "clusterDNS: expected a list, got an object"],
    [
      { ...head, a: 1, authentication: { anonymous: { on: true } }, registerWithTaints: [{ x: 1 }] },
      'strict decoding error: unknown field "authentication.anonymous.on", unknown field "registerWithTaints[0].x", unknown field "a"',
    ],
  ];
  for (const [value, message] of cases) assert.throws(() => decodeConfiguration(value, kind), new ConfigError(message));
});
