import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, received } from "./codec.ts";

test("a sandbox configuration has the tags of CRI v1", () => {
  const bytes = encode("PodSandboxConfig", {
    metadata: { name: "a", uid: "u", namespace: "n", attempt: 3 },
    portMappings: [{ protocol: "UDP", containerPort: 80 }],
    labels: { x: "y" },
  });
  assert.equal(bytes.toString("hex"), "0a0b0a01611201751a016e20032a040801105032060a0178120179");
});

test("absent scalars decode to their defaults and absent messages to null", () => {
  const status = decode("ContainerStatus", new Uint8Array());
  assert.equal(status.id, "");
  assert.equal(status.exitCode, 0);
  assert.equal(status.state, "CONTAINER_CREATED");
  assert.equal(status.metadata, null);
  assert.deepEqual(status.mounts, []);
});

test("negative and large numbers survive", () => {
  const sent = { exitCode: -1, createdAt: 1_700_000_000_000_000_000, finishedAt: 0 } as const;
  const status = decode("ContainerStatus", encode("ContainerStatus", sent));
  assert.equal(status.exitCode, -1);
  assert.equal(status.createdAt, 1_700_000_000_000_000_000);
});

test("fields of newer runtimes are skipped", () => {
  const unknownField = Uint8Array.from([0xfa, 0x3f, 0x01, 0x61]);
  assert.equal(decode("RunPodSandboxResponse", unknownField).podSandboxId, "");
});

test("a fake's message looks as if it had been received", () => {
  assert.deepEqual(received("PodSandboxFilter", { id: "a" }), { id: "a", state: null, labelSelector: {} });
});
