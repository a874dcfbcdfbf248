import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { KubeObject } from "../../apimachinery/index.ts";
import { createCertificateRequest, generateKey } from "../../component/index.ts";
import type { Patch, ResourceClient } from "../../client/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { definition, definitionsResource, established } from "../customresources/testing/definitions.ts";

let plane: TestControlPlane;
before(async () => {
  plane = await startStandardControlPlane();
});
after(() => plane.stop());

const resource = (group: string, name: string): ResourceClient<KubeObject> =>
  plane.client.resource<KubeObject>({ group, version: "v1", resource: name });
const make = (apiVersion: string, kind: string, name: string, rest: object): KubeObject =>
  ({ apiVersion, kind, metadata: { name }, ...rest }) as KubeObject;
const merge = (body: object): Patch => ({ type: "merge", body });

/** What each manager owns. */
function owned({ metadata }: KubeObject): Record<string, unknown> {
  const entries = metadata.managedFields ?? [];
  return Object.fromEntries(entries.map(({ manager = "", fieldsV1 }) => [manager, fieldsV1]));
}

const labelled = { metadata: { labels: { a: "b" } } };
const podSpec = { containers: [{ name: "c", image: "x:1" }] };
const template = { metadata: { labels: { app: "x" } }, spec: podSpec };
const selector = { matchLabels: { app: "x" } };

test("nobody owns what strategies reset", async () => {
  const request = Buffer.from(createCertificateRequest(generateKey(), { commonName: "x" })).toString("base64");
  const csr = make("certificates.k8s.io/v1", "CertificateSigningRequest", "x", {
    spec: { request, signerName: "example.com/x", usages: ["client auth"] },
  });
  const requests = resource("certificates.k8s.io", "certificatesigningrequests");
  assert.deepEqual(owned(await requests.create(csr)), {});
  const config = { apiVersion: csr.apiVersion, kind: csr.kind, ...labelled };
  const applied = await requests.patch("x", { type: "apply", body: config }, { fieldManager: "m" });
  assert.deepEqual(owned(applied), { m: { "f:metadata": { "f:labels": { "f:a": {} } } } });

  const deployments = resource("apps", "deployments").namespace("default");
  await deployments.create(make("apps/v1", "Deployment", "x", { spec: { selector, template } }));
  const status = await deployments.patch("x", merge({ ...labelled, status: { replicas: 1 } }), {
    subresource: "status",
    fieldManager: "m",
  });
  assert.deepEqual(owned(status)["m"], { "f:status": { "f:replicas": {} } });

  const ranges = resource("networking.k8s.io", "servicecidrs");
  await ranges.create(make("networking.k8s.io/v1", "ServiceCIDR", "x", { spec: { cidrs: ["10.120.0.0/24"] } }));
  const range = await ranges.patch("x", merge(labelled), { subresource: "status", fieldManager: "m" });
  assert.deepEqual([owned(range)["m"], range.metadata.labels], [undefined, undefined]);
});

test("raw JSON is owned as a whole", async () => {
  const revisions = resource("apps", "controllerrevisions").namespace("default");
  const revision = make("apps/v1", "ControllerRevision", "x", { revision: 1, data: { a: 1 } });
  const created = await revisions.create(revision, { fieldManager: "m" });
  assert.deepEqual(owned(created)["m"], { "f:data": {}, "f:revision": {} });
});

test("what a kind's own form adds is the writer's", async () => {
  const secrets = resource("", "secrets").namespace("default");
  const secret = await secrets.create(make("v1", "Secret", "x", { stringData: { a: "1" } }), { fieldManager: "m" });
  assert.deepEqual(owned(secret)["m"], { "f:data": { ".": {}, "f:a": {} }, "f:type": {} });

  const node = make("v1", "Node", "x", { spec: { podCIDR: "10.9.0.0/24" } });
  const created = await resource("", "nodes").create(node, { fieldManager: "m" });
  const spec = { "f:podCIDR": {}, "f:podCIDRs": { ".": {}, 'v:"10.9.0.0/24"': {} } };
  assert.deepEqual(owned(created)["m"], { "f:spec": spec });

  const sets = resource("apps", "daemonsets").namespace("default");
  const set = await sets.create(make("apps/v1", "DaemonSet", "x", { spec: { selector, template } }), {
    fieldManager: "m",
  });
  const annotations = { ".": {}, "f:deprecated.daemonset.template.generation": {} };
  assert.deepEqual((owned(set)["m"] as Record<string, unknown>)["f:metadata"], { "f:annotations": annotations });
});

test("a list that is not there does not change by being read", async () => {
  const nodes = resource("storage.k8s.io", "csinodes");
  const drivers = [{ name: "csi.x", nodeID: "n" }];
  await nodes.create(make("storage.k8s.io/v1", "CSINode", "x", { spec: { drivers } }), { fieldManager: "m" });
  const patched = await nodes.patch("x", merge(labelled), { fieldManager: "n" });
  const item = { ".": {}, "f:name": {}, "f:nodeID": {}, "f:topologyKeys": {} };
  assert.deepEqual(owned(patched), {
    m: { "f:spec": { "f:drivers": { 'k:{"name":"csi.x"}': item } } },
    n: { "f:metadata": { "f:labels": { ".": {}, "f:a": {} } } },
  });
});

test("an empty list is the writer's, and none once it is stored", async () => {
  const nodes = resource("storage.k8s.io", "csinodes");
  const written = make("storage.k8s.io/v1", "CSINode", "empty", { spec: { drivers: [] } });
  const created = await nodes.create(written, { fieldManager: "m" });
  assert.deepEqual(owned(created), { m: { "f:spec": { "f:drivers": {} } } });
  assert.deepEqual((created as unknown as { spec: object }).spec, { drivers: null });
  const absent = await nodes.create(make("storage.k8s.io/v1", "CSINode", "none", { spec: {} }), { fieldManager: "m" });
  assert.deepEqual([owned(absent), (absent as unknown as { spec: object }).spec], [{}, { drivers: null }]);
});

test("custom resources: parts are members, the status endpoint takes no metadata, objects within are objects", async () => {
  const spec = {
    type: "object",
    properties: {
      size: { type: "integer" },
      inner: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    },
  };
  const status = { type: "object", properties: { count: { type: "integer" } } };
  await plane.client.resource<KubeObject>(definitionsResource).create(
    definition("widgets", "example.com", {
      kind: "Widget",
      schema: { type: "object", properties: { spec, status } },
      version: { subresources: { status: {} } },
    }),
  );
  await established(plane.client, "widgets.example.com");
  const widgets = resource("example.com", "widgets").namespace("default");
  const inner = { apiVersion: "v1", kind: "X", metadata: { labels: { a: "b" } } };
  const created = await widgets.create(make("example.com/v1", "Widget", "x", { spec: { size: 1 } }), {
    fieldManager: "m",
  });
  assert.deepEqual(owned(created)["m"], { "f:spec": { ".": {}, "f:size": {} } });
  const withStatus = await widgets.patch("x", merge({ ...labelled, status: { count: 1 } }), {
    subresource: "status",
    fieldManager: "s",
  });
  assert.deepEqual(owned(withStatus)["s"], { "f:status": { ".": {}, "f:count": {} } });
  const config = make("example.com/v1", "Widget", "x", { spec: { inner } });
  const applied = await widgets.patch("x", { type: "apply", body: config }, { fieldManager: "a" });
  assert.deepEqual(owned(applied)["a"], {
    "f:spec": { "f:inner": { "f:apiVersion": {}, "f:kind": {}, "f:metadata": { "f:labels": { "f:a": {} } } } },
  });
  for (const [body, message] of [
    [{ frob: 1 }, ".frob: field not declared in schema"],
    [{ spec: { frob: 1 } }, ".spec.frob: field not declared in schema"],
    [
      { spec: { inner: { ...inner, metadata: { frob: 1 } } } },
      ".spec.inner.metadata.frob: field not declared in schema",
    ],
  ] as const) {
    const patch: Patch = { type: "apply", body: make("example.com/v1", "Widget", "x", body) };
    await assert.rejects(widgets.patch("x", patch, { fieldManager: "a" }), {
      message: `failed to create typed patch object (/x; example.com/v1, Kind=Widget): ${message}`,
    });
  }
});
