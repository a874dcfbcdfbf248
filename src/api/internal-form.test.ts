import assert from "node:assert/strict";
import { test } from "node:test";
import { internalForm, internalFormOf } from "./index.ts";

test("fields stand as Go spells them, also those that are not set, and metadata is embedded", () => {
  const shown = internalForm("resource/v1", "ResourceClaimTemplateSpec", {
    metadata: { labels: { a: "b" } },
    spec: { devices: { requests: [] } },
  });
  assert.equal(
    JSON.stringify(shown),
    '{"labels":{"a":"b"},"Spec":{"Devices":{"Requests":[],"Constraints":null,"Config":null}}}',
  );
  assert.equal(internalForm("resource/v1", "ResourceClaimSpec", undefined), null);
});

test("a pod's security context has what the pod shares with its host; volumes are in the order of the inside", () => {
  const volumes = [{ name: "v", rbd: { monitors: ["a"], image: "i" } }];
  const shown = internalFormOf("core/v1", "PodSpec")({ hostNetwork: true, serviceAccount: "a", volumes }) as {
    SecurityContext: object;
    Volumes: readonly { RBD: object }[];
  };
  assert.deepEqual(Object.entries(shown.SecurityContext).slice(0, 6), [
    ["HostNetwork", true],
    ["HostPID", false],
    ["HostIPC", false],
    ["ShareProcessNamespace", null],
    ["HostUsers", null],
    ["SELinuxOptions", null],
  ]);
  assert.deepEqual(shown.Volumes[0]?.RBD, {
    ...{ CephMonitors: ["a"], RBDImage: "i", FSType: "", RBDPool: "", RadosUser: "" },
    ...{ Keyring: "", SecretRef: null, ReadOnly: false },
  });
  assert.deepEqual(Object.keys(shown.Volumes[0] ?? {}).slice(0, 4), [
    "Name",
    "HostPath",
    "EmptyDir",
    "GCEPersistentDisk",
  ]);
  assert.equal("ServiceAccount" in shown, false);
});

test("types of meta/v1 are the same inside and outside", () => {
  const selector = { matchLabels: { a: "b" } };
  const { Selector } = internalForm("policy/v1", "PodDisruptionBudgetSpec", { selector }) as { Selector: object };
  assert.deepEqual(Selector, selector);
});
