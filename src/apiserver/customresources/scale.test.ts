import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition } from "../../api/index.ts";
import { ask, startStandardControlPlane } from "../../testing/index.ts";
import { definition, definitionsResource, established } from "./testing/definitions.ts";

const loose = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const path = "/apis/example.com/v1/namespaces/default/widgets";

interface Told {
  readonly message?: string;
  readonly spec?: unknown;
  readonly resources?: readonly { readonly name: string; readonly verbs: readonly string[] }[];
}

test("scales and tables of custom resources say what is missing or wrong, as upstream does", async () => {
  const plane = await startStandardControlPlane();
  const told = async (method: string, at: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await ask(plane, {
      method,
      path: at,
      headers,
      body: body === undefined ? "" : JSON.stringify(body),
    });
    return { status: answer.status, body: answer.json() as Told };
  };
  const merge = { "content-type": "application/merge-patch+json" };
  try {
    const scale = { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n" };
    const version = { subresources: { status: {}, scale } };
    const schema = { type: "object", properties: { spec: loose, status: loose } };
    const made = definition("widgets", "example.com", { kind: "Widget", schema, version });
    await plane.client.resource<CustomResourceDefinition>(definitionsResource).create(made);
    await established(plane.client, "widgets.example.com");
    const object = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" }, spec: {} };
    assert.equal((await told("POST", path, object)).status, 201);
    const missing = await told("GET", `${path}/w/scale`, undefined);
    assert.deepEqual(
      [missing.status, missing.body.message],
      [500, 'Internal error occurred: the spec replicas field ".spec.n" does not exist'],
    );
    const negative = await told("PATCH", `${path}/w/scale`, { spec: { replicas: -1 } }, merge);
    assert.equal(
      negative.body.message,
      'Widget.example.com "w" is invalid: .spec.n: Invalid value: -1: should be a non-negative integer',
    );
    const renamed = await told("PATCH", `${path}/w/scale`, { metadata: { name: "x" } }, merge);
    assert.equal(renamed.status, 400);
    assert.deepEqual((await told("PATCH", `${path}/w/scale`, { spec: { replicas: 3 } }, merge)).body.spec, {
      replicas: 3,
    });
    const table = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" };
    const odd = await told("GET", `${path}?includeObject=Foo`, undefined, table);
    assert.deepEqual(
      [odd.status, odd.body.message],
      [
        400,
        `Unable to convert to Table as requested: includeObject: Invalid value: "Foo": must be 'Metadata', 'Object', 'None', or empty`,
      ],
    );
    const { resources = [] } = (await told("GET", "/apis/example.com/v1", undefined)).body;
    assert.deepEqual(
      resources.map(({ name }) => name),
      ["widgets", "widgets/status", "widgets/scale"],
    );
    assert.equal(resources[0]?.verbs.join(), "delete,deletecollection,get,list,patch,create,update,watch");
  } finally {
    await plane.stop();
  }
});
