import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { definition, definitionsResource, established, resourceOf } from "./testing/definitions.ts";

const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const policies = resourceOf("networking.k8s.io", "v1", "networkpolicies");

function approved(plural: string, group: string, kind: string, version = "v1"): CustomResourceDefinition {
  const one = definition(plural, group, { kind, schema, version: { name: version } });
  const annotations = { "api-approved.kubernetes.io": "unapproved, for a test" };
  return { ...one, metadata: { ...one.metadata, annotations } };
}

/** Resolves when a definition is gone. */
async function deleted({ client }: TestControlPlane, name: string): Promise<void> {
  const definitions = client.resource<CustomResourceDefinition>(definitionsResource);
  const watch = definitions.watch({ fieldSelector: `metadata.name=${name}` });
  await definitions.delete(name);
  for await (const event of watch) if (event.type === "DELETED") return;
}

async function withPlane(run: (plane: TestControlPlane) => Promise<void>): Promise<void> {
  const plane = await startStandardControlPlane();
  try {
    await run(plane);
  } finally {
    await plane.stop();
  }
}

test("definitions take nothing from built-in resources of their name", () =>
  withPlane(async (plane) => {
    const { client } = plane;
    const definitions = client.resource<CustomResourceDefinition>(definitionsResource);
    const namespaced = client.resource<KubeObject>(policies).namespace("default");
    const policy = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "kept" } };
    await namespaced.create({ ...policy, spec: { podSelector: {} } } as KubeObject);
    await definitions.create(approved("networkpolicies", "networking.k8s.io", "NetworkPolicy"));
    await established(client, "networkpolicies.networking.k8s.io");
    await assert.rejects(
      namespaced.create({ ...policy, metadata: { name: "x" }, spec: { podSelector: 5 } } as KubeObject),
    );
    await deleted(plane, "networkpolicies.networking.k8s.io");
    assert.equal((await namespaced.get("kept")).metadata.name, "kept");
    assert.equal((await client.resource<KubeObject>(policies).list()).items.length, 1);
  }));

test("definitions of what definitions are stored as leave them alone when they go", () =>
  withPlane(async (plane) => {
    const definitions = plane.client.resource<CustomResourceDefinition>(definitionsResource);
    await definitions.create(
      approved("customresourcedefinitions", "apiextensions.k8s.io", "CustomResourceDefinition", "v2"),
    );
    await definitions.create(definition("widgets", "example.com", { kind: "Widget", schema }));
    await established(plane.client, "customresourcedefinitions.apiextensions.k8s.io");
    await established(plane.client, "widgets.example.com");
    await deleted(plane, "customresourcedefinitions.apiextensions.k8s.io");
    assert.deepEqual(
      (await definitions.list()).items.map(({ metadata }) => metadata.name),
      ["widgets.example.com"],
    );
  }));
