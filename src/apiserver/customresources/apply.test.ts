import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition } from "../../api/index.ts";
import { ask, startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { definition, definitionsResource, established } from "./testing/definitions.ts";

const words = { type: "string" };
const set = { type: "array", "x-kubernetes-list-type": "set", items: words };
const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        a: words,
        b: words,
        set,
        d: { ...words, default: "x" },
        any: { "x-kubernetes-preserve-unknown-fields": true },
      },
    },
  },
};

async function started(): Promise<TestControlPlane> {
  const plane = await startStandardControlPlane();
  const made = definition("widgets", "example.com", { kind: "Widget", schema });
  const [first] = made.spec.versions;
  assert.ok(first);
  made.spec.versions.push({ ...first, name: "v2", storage: false });
  await plane.client.resource<CustomResourceDefinition>(definitionsResource).create(made);
  await established(plane.client, "widgets.example.com");
  return plane;
}

async function apply(plane: TestControlPlane, version: string, manager: string, name: string, spec: unknown) {
  const object = { apiVersion: `example.com/${version}`, kind: "Widget", metadata: { name }, spec };
  const { status, text } = await ask(plane, {
    method: "PATCH",
    path: `/apis/example.com/${version}/namespaces/default/widgets/${name}?fieldManager=${manager}`,
    headers: { "content-type": "application/apply-patch+yaml" },
    body: JSON.stringify(object),
  });
  return { status, body: JSON.parse(text) as Owned };
}

interface Owned {
  readonly message?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly metadata: { readonly managedFields?: readonly { readonly manager: string; readonly apiVersion: string }[] };
}

test("owners of fields are known in every version of a custom resource", async () => {
  const plane = await started();
  try {
    assert.equal((await apply(plane, "v1", "one", "w", { a: "1", b: "1" })).status, 201);
    const refused = await apply(plane, "v2", "two", "w", { a: "2" });
    assert.equal(refused.status, 409);
    assert.equal(refused.body.message, 'Apply failed with 1 conflict: conflict with "one": .spec.a');
    const left = (await apply(plane, "v2", "one", "w", { a: "2" })).body;
    assert.deepEqual([left.spec?.["a"], left.spec?.["b"]], ["2", undefined], "what one applied in v1 goes in v2");
    assert.deepEqual(
      left.metadata.managedFields?.map(({ manager, apiVersion }) => [manager, apiVersion]),
      [["one", "example.com/v2"]],
    );
  } finally {
    await plane.stop();
  }
});

test("nulls that are applied are refused where the schema allows none", async () => {
  const plane = await started();
  try {
    const refused = await apply(plane, "v1", "one", "w", { a: null });
    assert.equal(refused.status, 422);
    assert.equal(
      refused.body.message,
      'Widget.example.com "w" is invalid: spec.a: Invalid value: "null": spec.a in body must be of type string: "null"',
    );
    const made = await apply(plane, "v1", "one", "w", { d: null, any: null });
    assert.deepEqual([made.status, made.body.spec], [201, { d: "x" }]);
  } finally {
    await plane.stop();
  }
});

test("an empty set is nobody's", async () => {
  const plane = await started();
  try {
    const made = (await apply(plane, "v1", "one", "w", { set: [] })).body;
    assert.deepEqual([made.spec?.["set"], made.metadata.managedFields], [[], undefined]);
  } finally {
    await plane.stop();
  }
});
