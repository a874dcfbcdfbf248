import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { RealRandom } from "../../../base/index.ts";
import { startHttpsReceiver, startStandardControlPlane, type TestControlPlane } from "../../../testing/index.ts";
import { definition, definitionsResource, established, resourceOf } from "../testing/definitions.ts";
import { WebhookConverter } from "./webhook.ts";

interface Request {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly (KubeObject & { spec: { hostPort?: string; host?: string; port?: string } })[];
}
type Answer = (request: Request) => unknown;

const v1Schema = {
  type: "object",
  properties: { spec: { type: "object", properties: { hostPort: { type: "string" } } } },
};
const v2Schema = {
  type: "object",
  properties: { spec: { type: "object", properties: { host: { type: "string" }, port: { type: "string" } } } },
};

/** `hostPort` in v1 is `host` and `port` in v2. */
function converted(object: Request["objects"][number], apiVersion: string): KubeObject {
  const { spec } = object;
  const [host = "", port = ""] = (spec.hostPort ?? "").split(":");
  const next = apiVersion.endsWith("/v2") ? { host, port } : { hostPort: `${spec.host}:${spec.port}` };
  return { ...object, apiVersion, spec: next } as KubeObject;
}

const honest: Answer = ({ uid, desiredAPIVersion, objects }) => ({
  uid,
  result: { status: "Success" },
  convertedObjects: objects.map((object) => converted(object, desiredAPIVersion)),
});

function twoVersions(clientConfig: unknown, storage: "v1" | "v2"): CustomResourceDefinition {
  const base = definition("endpoints", "stable.example.com", { kind: "Endpoint", schema: v1Schema });
  const version = (name: string, schema: unknown, selectable: string) => ({
    name,
    served: true,
    storage: name === storage,
    schema: { openAPIV3Schema: schema },
    selectableFields: [{ jsonPath: selectable }],
  });
  const conversion = { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } };
  const versions = [version("v1", v1Schema, ".spec.hostPort"), version("v2", v2Schema, ".spec.host")];
  return { ...base, spec: { ...base.spec, versions, conversion } } as unknown as CustomResourceDefinition;
}

interface Webhook {
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  readonly calls: Request[];
  answer: Answer;
  close(): Promise<void>;
}

async function startWebhook(): Promise<Webhook> {
  const webhook = { calls: [] as Request[], answer: honest };
  const { origin, ca, close } = await startHttpsReceiver(({ body }) => {
    const { request } = JSON.parse(body) as { request: Request };
    webhook.calls.push(request);
    const { kind, apiVersion } = { kind: "ConversionReview", apiVersion: "apiextensions.k8s.io/v1" };
    return { kind, apiVersion, response: webhook.answer(request) };
  });
  const clientConfig = { url: `${origin}/convert`, caBundle: Buffer.from(ca).toString("base64") };
  return Object.assign(webhook, { clientConfig, close });
}

async function withWebhook(work: (plane: TestControlPlane, webhook: Webhook) => Promise<void>): Promise<void> {
  const [plane, webhook] = await Promise.all([startStandardControlPlane(), startWebhook()]);
  try {
    await work(plane, webhook);
  } finally {
    await webhook.close();
    await plane.stop();
  }
}

const specOf = (object: KubeObject): unknown => (object as KubeObject & { spec: unknown }).spec;
const endpoint = (name: string, hostPort: string): KubeObject =>
  ({ apiVersion: "stable.example.com/v1", kind: "Endpoint", metadata: { name }, spec: { hostPort } }) as KubeObject;

test("a webhook converts what is read and written in another version; lists in one call, and only once", () =>
  withWebhook(async ({ client }, webhook) => {
    await client.resource(definitionsResource).create(twoVersions(webhook.clientConfig, "v1"));
    await established(client, "endpoints.stable.example.com");
    const v1 = client.resource<KubeObject>(resourceOf("stable.example.com", "v1", "endpoints")).namespace("default");
    const v2 = client.resource<KubeObject>(resourceOf("stable.example.com", "v2", "endpoints")).namespace("default");
    for (const name of ["a", "b", "c"]) await v1.create(endpoint(name, `${name}.example.com:80`));
    assert.equal(webhook.calls.length, 0);
    const { items } = await v2.list();
    assert.deepEqual(
      items.map(specOf),
      ["a", "b", "c"].map((name) => ({ host: `${name}.example.com`, port: "80" })),
    );
    assert.deepEqual(
      webhook.calls.map(({ objects }) => objects.length),
      [3],
    );
    await v2.get("a");
    assert.equal(webhook.calls.length, 1);
    const spec = { host: "d.example.com", port: "81" };
    await v2.create({ ...endpoint("d", ""), apiVersion: "stable.example.com/v2", spec } as KubeObject);
    assert.deepEqual(specOf(await v1.get("d")), { hostPort: "d.example.com:81" });
  }));

test("objects stored in an older storage version are converted, until an update migrates them", () =>
  withWebhook(async ({ client, store }, webhook) => {
    const definitions = client.resource<CustomResourceDefinition>(definitionsResource);
    await definitions.create(twoVersions(webhook.clientConfig, "v1"));
    await established(client, "endpoints.stable.example.com");
    const v1 = client.resource<KubeObject>(resourceOf("stable.example.com", "v1", "endpoints")).namespace("default");
    const v2 = client.resource<KubeObject>(resourceOf("stable.example.com", "v2", "endpoints")).namespace("default");
    await v1.create(endpoint("a", "a:1"));
    const current = await definitions.get("endpoints.stable.example.com");
    const { spec } = twoVersions(webhook.clientConfig, "v2");
    const changed = await definitions.update({ ...current, spec });
    assert.deepEqual(changed.status?.storedVersions, ["v1", "v2"]);
    await established(client, "endpoints.stable.example.com");
    const stored = async (): Promise<unknown> => {
      const entry = await store.get("/registry/stable.example.com/endpoints/default/a");
      return (JSON.parse(Buffer.from(entry?.value ?? []).toString()) as KubeObject).apiVersion;
    };
    assert.deepEqual(specOf(await v2.get("a")), { host: "a", port: "1" });
    assert.deepEqual(specOf(await v1.get("a")), { hostPort: "a:1" });
    assert.equal(await stored(), "stable.example.com/v1");
    await v2.update(await v2.get("a"));
    assert.equal(await stored(), "stable.example.com/v2");
    assert.deepEqual(specOf(await v1.get("a")), { hostPort: "a:1" });
  }));

const refusals: [what: string, answer: Answer, message: RegExp][] = [
  ["a failure", ({ uid }) => ({ uid, result: { status: "Failure", message: "no way" } }), /Endpoint failed: no way$/],
  [
    "no words",
    ({ uid }) => ({ uid, result: { status: "Failure" } }),
    /response.result.status was 'Failure', not 'Success'$/,
  ],
  [
    "another uid",
    (request) => ({ ...(honest(request) as object), uid: "x" }),
    /failed: expected response\.uid="[^"]+", got "x"$/,
  ],
  ["no response", () => null, /failed: no response provided$/],
  ["too few", ({ uid }) => ({ uid, result: { status: "Success" } }), /returned 0 objects, expected 1$/],
  [
    "the old version",
    ({ uid, objects }) => ({ uid, result: { status: "Success" }, convertedObjects: objects }),
    /invalid object at index 0: invalid groupVersion \(expected stable\.example\.com\/v2, received stable\.example\.com\/v1\)$/,
  ],
  [
    "another name",
    ({ uid, objects, desiredAPIVersion }) => ({
      uid,
      result: { status: "Success" },
      convertedObjects: objects.map((object) => ({
        ...object,
        apiVersion: desiredAPIVersion,
        metadata: { name: "z" },
      })),
    }),
    /returned invalid object: must have the same name: a != z$/,
  ],
];
for (const [what, answer, message] of refusals) {
  test(`a webhook that answers with ${what} is not believed`, async () => {
    const call = (_address: unknown, body: unknown): Promise<unknown> => {
      const { request } = body as { request: Request };
      return Promise.resolve({
        kind: "ConversionReview",
        apiVersion: "apiextensions.k8s.io/v1",
        response: answer(request),
      });
    };
    const converter = new WebhookConverter(twoVersions({ url: "https://x" }, "v1"), call, new RealRandom());
    await assert.rejects(converter.convert([endpoint("a", "a:1")], "stable.example.com/v2"), (error: Error) => {
      assert.match(error.message, /conversion webhook for stable\.example\.com\/v1, Kind=Endpoint /);
      assert.match(error.message, message);
      return true;
    });
  });
}

test("of the metadata only labels and annotations change", async () => {
  const object = {
    ...endpoint("a", "a:1"),
    metadata: { name: "a", uid: "u", finalizers: ["x/y"], labels: { a: "1" } },
  };
  const call = (_address: unknown, body: unknown): Promise<unknown> => {
    const { request } = body as { request: Request };
    const metadata = { name: "a", uid: "u", finalizers: [], generation: 7, labels: { b: "2" } };
    const convertedObjects = [{ ...converted(object as never, request.desiredAPIVersion), metadata }];
    const response = { uid: request.uid, result: { status: "Success" }, convertedObjects };
    return Promise.resolve({ kind: "ConversionReview", apiVersion: "apiextensions.k8s.io/v1", response });
  };
  const converter = new WebhookConverter(twoVersions({ url: "https://x" }, "v1"), call, new RealRandom());
  const [result] = await converter.convert([object], "stable.example.com/v2");
  assert.deepEqual(result?.metadata, { name: "a", uid: "u", finalizers: ["x/y"], labels: { b: "2" } });
});

test("selectors are about objects as the version asked for shows them: in lists, watches and deletions", () =>
  withWebhook(async ({ client }, webhook) => {
    webhook.answer = ({ uid, desiredAPIVersion, objects }) => ({
      uid,
      result: { status: "Success" },
      convertedObjects: objects.map((object) => {
        const next = converted(object, desiredAPIVersion);
        const labels = { seen: desiredAPIVersion.split("/")[1] ?? "" };
        return { ...next, metadata: { ...next.metadata, labels } };
      }),
    });
    await client.resource(definitionsResource).create(twoVersions(webhook.clientConfig, "v1"));
    await established(client, "endpoints.stable.example.com");
    const v1 = client.resource<KubeObject>(resourceOf("stable.example.com", "v1", "endpoints")).namespace("default");
    const v2 = client.resource<KubeObject>(resourceOf("stable.example.com", "v2", "endpoints")).namespace("default");
    const watch = v2.watch({ fieldSelector: "spec.host=b", resourceVersion: "0" });
    const seen: string[] = [];
    const watched = (async () => {
      for await (const event of watch) {
        if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
        seen.push(`${event.type} ${event.object.metadata.name} ${JSON.stringify(specOf(event.object))}`);
        if (seen.length === 3) return;
      }
    })();
    await v1.create(endpoint("one", "a:1"));
    const two = await v1.create(endpoint("two", "b:2"));
    const names = async (list: Promise<{ items: readonly KubeObject[] }>) =>
      (await list).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(await names(v2.list({ fieldSelector: "spec.host=b" })), ["two"]);
    assert.deepEqual(await names(v2.list({ fieldSelector: "spec.host!=b,metadata.namespace=default" })), ["one"]);
    assert.deepEqual(await names(v1.list({ fieldSelector: "spec.hostPort=b:2" })), ["two"]);
    assert.deepEqual(await names(v2.list({ labelSelector: "seen=v2" })), ["one", "two"]);
    assert.deepEqual(await names(v1.list({ labelSelector: "seen=v2" })), []);
    await assert.rejects(v1.list({ fieldSelector: "spec.host=b" }), /field label not supported: spec.host/);
    const moved = await v1.update({ ...two, spec: { hostPort: "b:3" } } as KubeObject);
    await v1.update({ ...moved, spec: { hostPort: "c:3" } } as KubeObject);
    await watched;
    assert.deepEqual(seen, [
      'ADDED two {"host":"b","port":"2"}',
      'MODIFIED two {"host":"b","port":"3"}',
      'DELETED two {"host":"b","port":"3"}',
    ]);
    await v2.deleteCollection({}, { fieldSelector: "spec.host=c" });
    assert.deepEqual(await names(v1.list()), ["one"]);
  }));

test("what is written in another version gets the defaults of the stored one, and loses what that does not know", () =>
  withWebhook(async ({ client }) => {
    const text = { type: "string" };
    const schema = {
      type: "object",
      properties: { spec: { type: "object", properties: { a: { ...text, default: "x" }, b: text } } },
    };
    const made = definition("things", "stable.example.com", { kind: "Thing", schema });
    const open = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    const old = { name: "v1beta1", served: true, storage: false, schema: open };
    const versions = [...made.spec.versions, old] as CustomResourceDefinition["spec"]["versions"];
    await client
      .resource<CustomResourceDefinition>(definitionsResource)
      .create({ ...made, spec: { ...made.spec, versions } });
    await established(client, "things.stable.example.com");
    const things = client
      .resource<KubeObject>(resourceOf("stable.example.com", "v1beta1", "things"))
      .namespace("default");
    const thing = (name: string) =>
      ({
        apiVersion: "stable.example.com/v1beta1",
        kind: "Thing",
        metadata: { name },
        spec: { b: "y", c: 1 },
      }) as unknown as unknown as KubeObject;
    assert.deepEqual(specOf(await things.create(thing("a"), { dryRun: true })), { b: "y", a: "x" });
    assert.deepEqual(specOf(await things.create(thing("a"))), { b: "y", a: "x" });
  }));
