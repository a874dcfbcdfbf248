import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { ask, startStandardControlPlane, type TestControlPlane } from "../../../testing/index.ts";

let plane: TestControlPlane;
const path = "/apis/apps/v1/namespaces/default/deployments";
const table = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" };
const applying = { "content-type": "application/apply-patch+yaml" };
before(async () => {
  plane = await startStandardControlPlane();
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x:1" }] } };
  const spec = { replicas: 2, selector: { matchLabels: { a: "b" } }, template };
  const body = JSON.stringify({ metadata: { name: "d" }, spec });
  assert.equal((await ask(plane, { method: "POST", path: `${path}?fieldManager=c`, body })).status, 201);
});
after(() => plane.stop());

interface Table {
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: KubeObject | null }[];
}

test("a scale has columns of its own, and can be asked for its metadata", async () => {
  const { columnDefinitions, rows } = (await ask(plane, { path: `${path}/d/scale`, headers: table })).json<Table>();
  assert.deepEqual(
    columnDefinitions.map(({ name }) => name),
    ["Name", "Desired", "Available", "Age"],
  );
  assert.deepEqual(rows[0]?.cells.slice(0, 3), ["d", 2, 0]);
  assert.equal(rows[0]?.object?.kind, "PartialObjectMetadata");
  const bare = (await ask(plane, { path: `${path}/d/scale?includeObject=None`, headers: table })).json<Table>();
  assert.equal(bare.rows[0]?.object, null);
  const metadata = { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" };
  const partial = (await ask(plane, { path: `${path}/d/scale`, headers: metadata })).json<KubeObject>();
  assert.deepEqual([partial.kind, partial.metadata.name], ["PartialObjectMetadata", "d"]);
});

test("all of a scale that is sent is checked", async () => {
  const metadata = { name: "d", labels: { a: "b!" }, finalizers: ["x"] };
  const body = JSON.stringify({ apiVersion: "autoscaling/v1", kind: "Scale", metadata, spec: { replicas: -1 } });
  const answer = await ask(plane, { method: "PUT", path: `${path}/d/scale`, body });
  const { details } = answer.json<{ details: { causes: readonly { field: string }[] } }>();
  assert.equal(answer.status, 422);
  assert.deepEqual(
    details.causes.map(({ field }) => field),
    ["metadata.labels", "metadata.finalizers[0]", "spec.replicas"],
  );
});

test("what has no table is given whole, or not at all", async () => {
  const pods = "/api/v1/namespaces/default/pods";
  const spec = { containers: [{ name: "c", image: "x:1" }] };
  const account = JSON.stringify({ metadata: { name: "default" } });
  await ask(plane, { method: "POST", path: "/api/v1/namespaces/default/serviceaccounts", body: account });
  const body = JSON.stringify({ metadata: { name: "p" }, spec });
  assert.equal((await ask(plane, { method: "POST", path: pods, body })).status, 201);
  assert.equal((await ask(plane, { path: `${pods}/p/resize`, headers: table })).status, 406);
  const either = { accept: `${table.accept},application/json` };
  assert.equal((await ask(plane, { path: `${pods}/p/resize`, headers: either })).json<KubeObject>().kind, "Pod");
  assert.equal((await ask(plane, { path: `${pods}/p/status`, headers: either })).json<KubeObject>().kind, "Table");
});

test("who applies a scale owns the replicas of what is scaled", async () => {
  const scale = (replicas: number) =>
    JSON.stringify({ apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "d" }, spec: { replicas } });
  const apply = (query: string, body: string) =>
    ask(plane, { method: "PATCH", path: `${path}/d/scale?${query}`, headers: applying, body });
  const owners = async () => {
    const { metadata } = (await ask(plane, { path: `${path}/d` })).json<KubeObject>();
    return (metadata.managedFields ?? [])
      .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('"f:replicas"'))
      .map(({ manager, operation, apiVersion, subresource }) => [manager, operation, apiVersion, subresource]);
  };
  assert.deepEqual(await owners(), [["c", "Update", "apps/v1", undefined]]);
  const conflict = await apply("fieldManager=a", scale(3));
  assert.equal(
    conflict.json<{ message: string }>().message,
    'Apply failed with 1 conflict: conflict with "c" using autoscaling/v1: .spec.replicas',
  );
  const taken = await apply("fieldManager=a&force=true", scale(3));
  assert.deepEqual(taken.json<{ spec: object }>().spec, { replicas: 3 });
  assert.deepEqual(await owners(), [["a", "Apply", "apps/v1", "scale"]]);
  assert.equal((await apply("", scale(3))).status, 422);
  assert.equal((await apply("fieldManager=a", '{"spec":{"replicas":1}}')).status, 400);
  assert.equal((await apply("fieldManager=a", scale(3).replace('"d"', '"e"'))).status, 400);
  const unknown = await apply("fieldManager=a", scale(3).replace('"replicas"', '"foo":1,"replicas"'));
  assert.match(unknown.json<{ message: string }>().message, /Kind=Scale\): \.spec\.foo: field not declared in schema$/);
});

test("a patch of a scale keeps its name and kind", async () => {
  const patched = async (type: string, patch: object): Promise<string> => {
    const headers = { "content-type": `application/${type}-patch+json` };
    const options = { method: "PATCH", path: `${path}/d/scale?dryRun=All`, headers, body: JSON.stringify(patch) };
    const { status, text } = await ask(plane, options);
    return `${status} ${(JSON.parse(text) as { readonly message?: string }).message}`;
  };
  const renamed = "400 the name of the object (y) does not match the name on the URL (d)";
  assert.equal(await patched("merge", { metadata: { name: "y" } }), renamed);
  assert.equal(await patched("strategic-merge", { metadata: { name: "y" } }), renamed);
  assert.match(await patched("merge", { apiVersion: "autoscaling/v2" }), /^422 .*: no kind "Scale" is registered for/);
  assert.match(await patched("strategic-merge", { apiVersion: "autoscaling/v2" }), /^200 /);
  const list = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" };
  assert.equal((await ask(plane, { path: `${path}/d/scale`, headers: list })).status, 406);
});

test("a strategic patch does not change what an object says it is", async () => {
  const headers = { "content-type": "application/strategic-merge-patch+json" };
  const options = { method: "PATCH", path: `${path}/d?dryRun=All`, headers, body: '{"kind":"Pod","apiVersion":"v2"}' };
  const { kind, apiVersion } = (await ask(plane, options)).json<KubeObject>();
  assert.deepEqual([kind, apiVersion], ["Deployment", "apps/v1"]);
});
