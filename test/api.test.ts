import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { CoreV1Api, KubeConfig, makeInformer } from "@kubernetes/client-node";
import { loadScheme } from "../src/api/index.ts";
import { ServedApi } from "./api/served.ts";

const api = new ServedApi();
const maps = "/api/v1/namespaces/default/configmaps";
const protobuf = "application/vnd.kubernetes.protobuf";
const json = "application/json";

const deployment = (replicas: number, image = "x:1"): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: a, image: "${image}"}
      - {name: b, image: "y:1"}
`;

const jsonPath = (path: string): Promise<string> => api.kubectl(`get deploy web -o jsonpath=${path}`);
const createMap = (name: string, extra: object = {}) =>
  api.send({
    method: "POST",
    path: maps,
    headers: { "content-type": json },
    body: JSON.stringify({ metadata: { name }, ...extra }),
  });

/** Frames of a watch in JSON: one a line. */
function frames(
  body: Buffer,
): { type: string; object: { kind: string; metadata: Record<string, unknown>; rows?: unknown[] } }[] {
  return body
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ReturnType<typeof frames>[number]);
}

describe("the API by independent clients", { concurrency: false }, () => {
  before(() => api.start());
  after(() => api.stop());

  it("merges strategically by upstream's directives", async () => {
    await api.kubectl("create -f -", deployment(1));
    const patch = (body: object) => api.kubectl(`patch deploy web -p ${JSON.stringify(body)}`);
    const containers = (list: object[], more: object = {}) => ({
      spec: { template: { spec: { containers: list, ...more } } },
    });
    await patch(containers([{ name: "b", $patch: "delete" }]));
    assert.equal(await jsonPath("{.spec.template.spec.containers[*].name}"), "a");
    const order = { "$setElementOrder/containers": [{ name: "c" }, { name: "a" }] };
    await patch(containers([{ name: "c", image: "z:1" }], order));
    assert.equal(await jsonPath("{.spec.template.spec.containers[*].name}"), "c a");
    await patch({ spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } });
    assert.equal(await jsonPath("{.spec.strategy}"), '{"type":"Recreate"}');
    await patch({ metadata: { finalizers: ["example.com/a", "example.com/b"] } });
    await patch({ metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a"] } });
    assert.equal(await jsonPath("{.metadata.finalizers}"), '["example.com/b"]');
    await patch({ metadata: { finalizers: null } });
  });

  it("refuses JSON patches that do not apply, and patches of nothing", async () => {
    assert.match(
      await api.refused('patch deploy web --type json -p [{"op":"test","path":"/spec/replicas","value":7}]'),
      /request is invalid/,
    );
    assert.match(
      await api.refused('patch deploy web --type json -p [{"op":"remove","path":"/spec/none"}]'),
      /request is invalid/,
    );
    assert.match(await api.refused("patch deploy none -p {}"), /NotFound.*"none" not found/);
    const many = Array.from({ length: 10_001 }, () => ({ op: "test", path: "/kind", value: "Deployment" }));
    const headers = { "content-type": "application/json-patch+json" };
    const path = "/apis/apps/v1/namespaces/default/deployments/web";
    const answer = await api.send({ method: "PATCH", path, headers, body: JSON.stringify(many) });
    assert.equal(answer.status, 413, answer.body.toString());
  });

  it("changes nothing in dry runs", async () => {
    await api.kubectl("create cm dry --dry-run=server");
    assert.match(await api.refused("get cm dry"), /NotFound/);
    assert.equal(
      await api.kubectl('patch deploy web --dry-run=server -p {"spec":{"replicas":9}} -o jsonpath={.spec.replicas}'),
      "9",
    );
    await api.kubectl("scale deploy web --replicas=4 --dry-run=server");
    await api.kubectl("delete deploy web --dry-run=server");
    assert.equal(await jsonPath("{.spec.replicas}"), "1");
    const { status } = await api.send({ method: "DELETE", path: `${maps}?dryRun=All` });
    assert.equal(status, 200);
  });

  it("ignores, warns of or refuses fields it does not know", async () => {
    const send = (validation: string) =>
      api.send({
        method: "POST",
        path: `${maps}?fieldValidation=${validation}&dryRun=All`,
        headers: { "content-type": json },
        body: '{"metadata":{"name":"v"},"daata":{},"data":{"a":"1","a":"2"}}',
      });
    const ignored = await send("Ignore");
    assert.deepEqual([ignored.status, ignored.headers["warning"]], [201, undefined]);
    const warned = await send("Warn");
    assert.equal(warned.status, 201);
    assert.match(
      String(warned.headers["warning"]),
      /299 - "unknown field \\"daata\\"".*299 - "duplicate field \\"data\.a\\""/,
    );
    const refused = await send("Strict");
    assert.equal(refused.status, 400);
    assert.match(
      String(refused.json()["message"]),
      /strict decoding error: unknown field "daata", duplicate field "data\.a"$/,
    );
    assert.equal((await send("Never")).status, 422);
  });

  it("refuses a pod without containers as invalid, whatever admission wants to see of them", async () => {
    await api.kubectl("create ns bare");
    await api.kubectl("label ns bare pod-security.kubernetes.io/enforce=restricted");
    await api.kubectl("create sa default -n bare");
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "bare", namespace: "bare" }, spec: {} };
    const strict = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
    for (const spec of [{}, { securityContext: strict }, { automountServiceAccountToken: false }]) {
      const said = await api.refused("create --validate=false -f -", JSON.stringify({ ...pod, spec }));
      assert.match(said, /spec\.containers: Required value/);
    }
  });

  it("applies on the server: conflicts are told with their managers, and can be forced", async () => {
    await api.kubectl("apply --server-side --force-conflicts --field-manager=alice -f -", deployment(1));
    const conflict = await api.refused("apply --server-side --field-manager=bob -f -", deployment(3));
    assert.match(
      conflict,
      /conflicts with "alice":\n- \.spec\.replicas\nconflicts with "kubectl-create" using apps\/v1:\n- \.spec\.replicas/,
    );
    await api.kubectl("apply --server-side --force-conflicts --field-manager=bob -f -", deployment(3));
    assert.equal(await jsonPath("{.spec.replicas}"), "3");
    const { code, stdout } = await api.run(
      ["diff", "--server-side", "--force-conflicts", "--field-manager=bob", "-f", "-"],
      deployment(3, "x:2"),
    );
    assert.equal(code, 1);
    assert.match(stdout, /^-\s+- image: x:1\n\+\s+- image: x:2$/m);
    await api.kubectl("wait --for=jsonpath={.spec.replicas}=3 deploy/web --timeout=120s");
  });

  it("pages at one revision, and says what is wrong with options", async () => {
    for (const name of ["p1", "p2", "p3", "p4"]) await createMap(name, { metadata: { name, labels: { page: "yes" } } });
    const list = async (query: string) =>
      (await api.send({ path: `${maps}?labelSelector=page&${query}` })).json() as {
        metadata: { continue?: string; resourceVersion: string };
        items: { metadata: { name: string } }[];
        message?: string;
        code?: number;
      };
    const first = await list("limit=2");
    await api.kubectl("delete cm p4");
    const rest = await list(`limit=9&continue=${first.metadata.continue}`);
    assert.deepEqual(
      rest.items.map(({ metadata }) => metadata.name),
      ["p3", "p4"],
    );
    assert.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion);
    const exact = await list(`resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`);
    assert.equal(exact.items.length, 4);
    assert.match(
      (await list("continue=nonsense")).message ?? "",
      /^invalid continue token: continue key is not valid: invalid character/,
    );
    assert.match(
      (await list("resourceVersionMatch=Exact")).message ?? "",
      /forbidden unless resourceVersion is provided/,
    );
    assert.match(
      (await list("resourceVersion=99999999")).message ?? "",
      /^Timeout: Too large resource version: 99999999, current: /,
    );
    assert.match(
      await api.refused("get --raw /api/v1/configmaps?resourceVersionMatch=Foo&sendInitialEvents=true"),
      /is invalid: \n\* resourceVersionMatch: Forbidden.*\n\* resourceVersionMatch: Unsupported.*\n\* sendInitialEvents: Forbidden/,
    );
  });

  it("selects by sets and by fields", async () => {
    assert.match(await api.kubectl("get deploy -o name -l app=web,app!=y,!none"), /deployment\.apps\/web/);
    assert.match(
      (await api.run(["get", "deploy", "-o", "name", "-l", "app in (web,x),app notin (y)"])).stdout,
      /apps\/web/,
    );
    assert.equal((await api.run(["get", "deploy", "-o", "name", "-l", "app notin (web)"])).stdout, "");
    assert.match(await api.kubectl("get ns --field-selector status.phase=Active -o name"), /namespace\/default/);
    assert.match(await api.refused("get pods --field-selector spec.foo=1"), /field label not supported: spec\.foo/);
  });

  it("streams lists: initial events, then a bookmark; one object; metadata; tables", async () => {
    const watch = async (query: string, accept = json) =>
      frames((await api.send({ path: `${maps}?watch=1&timeoutSeconds=1&${query}`, headers: { accept } })).body);
    const initial = await watch(
      "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&labelSelector=page",
    );
    assert.deepEqual(
      initial.map(({ type }) => type),
      ["ADDED", "ADDED", "ADDED", "BOOKMARK"],
    );
    assert.deepEqual(initial.at(-1)?.object.metadata["annotations"], { "k8s.io/initial-events-end": "true" });
    const one = await watch("fieldSelector=metadata.name%3Dp2");
    assert.deepEqual(
      one.map(({ object }) => object.metadata["name"]),
      ["p2"],
    );
    const [partial] = await watch(
      "fieldSelector=metadata.name%3Dp2",
      `${json};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`,
    );
    assert.equal(partial?.object.kind, "PartialObjectMetadata");
    const [table] = await watch("fieldSelector=metadata.name%3Dp2", `${json};as=Table;g=meta.k8s.io;v=v1`);
    assert.deepEqual([table?.object.kind, table?.object.rows?.length], ["Table", 1]);
  });

  it("speaks protobuf both ways, in watches too", async () => {
    const codec = loadScheme().codec({ group: "", version: "v1", kind: "ConfigMap" });
    const raw = codec.encodeProtobuf({ metadata: { name: "proto" }, data: { a: "1" } } as never);
    const field = (number: number, bytes: Uint8Array) =>
      Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
    const type = Buffer.concat([field(1, Buffer.from("v1")), field(2, Buffer.from("ConfigMap"))]);
    const body = Buffer.concat([Buffer.from("k8s\0"), field(1, type), field(2, raw)]);
    const created = await api.send({
      method: "POST",
      path: maps,
      headers: { "content-type": protobuf, accept: protobuf },
      body,
    });
    assert.deepEqual(
      [created.status, created.headers["content-type"], created.body.subarray(0, 4).toString()],
      [201, protobuf, "k8s\0"],
    );
    assert.deepEqual((await api.send({ path: `${maps}/proto` })).json()["data"], { a: "1" });
    const accept = `${protobuf};stream=watch`;
    const query = "watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dproto";
    const watched = await api.send({ path: `${maps}?${query}`, headers: { accept } });
    assert.equal(watched.headers["content-type"], accept);
    assert.equal(watched.body.readUInt32BE(0), watched.body.length - 4);
    assert.equal(watched.body.subarray(6, 11).toString(), "ADDED");
  });

  it("compresses large answers when asked", async () => {
    const { headers, body } = await api.send({ path: "/openapi/v2", headers: { "accept-encoding": "gzip" } });
    assert.equal(headers["content-encoding"], "gzip");
    assert.match(gunzipSync(body).subarray(0, 40).toString(), /"swagger": ?"2\.0"/);
  });

  it("explains every field, custom ones included", async () => {
    const schema = {
      type: "object",
      properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
    };
    const versions = [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }];
    const names = { plural: "gadgets", singular: "gadget", kind: "Gadget" };
    const spec = { group: "example.com", scope: "Namespaced", names, versions };
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "gadgets.example.com" },
      spec,
    };
    await api.kubectl("create -f -", JSON.stringify(definition));
    await api.kubectl("wait --for=condition=Established crd/gadgets.example.com --timeout=120s");
    assert.match(await api.kubectl("explain gadgets --recursive"), /spec\t<Object>\n\s+size\t<integer>/);
    assert.match(await api.kubectl("explain pods --recursive"), /containers\t<\[\]Container> -required-/);
    assert.match(await api.kubectl("get apiservices v1.example.com"), /v1\.example\.com\s+Local\s+True/);
  });

  it("offers the best version first, and says what is deprecated", async () => {
    const version = (name: string, more: object) => ({ name, served: true, schema, ...more });
    const schema = { openAPIV3Schema: { type: "object" } };
    const versions = [
      version("v1alpha1", { storage: false, deprecated: true }),
      version("v1beta2", { storage: false }),
      version("v1", { storage: true }),
    ];
    const names = { plural: "tools", singular: "tool", kind: "Tool" };
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "tools.example.org" },
      spec: { group: "example.org", scope: "Cluster", names, versions },
    };
    await api.kubectl("create -f -", JSON.stringify(definition));
    await api.kubectl("wait --for=condition=Established crd/tools.example.org --timeout=120s");
    assert.match(await api.kubectl("api-resources --api-group=example.org"), /example\.org\/v1 /);
    const said = async (args: string) => (await api.run(["get", ...args.split(" ")])).stderr;
    assert.match(
      await said("tools.v1alpha1.example.org"),
      /Warning: example\.org\/v1alpha1 Tool is deprecated; use example\.org\/v1 Tool/,
    );
    assert.match(
      await said("endpoints"),
      /v1 Endpoints is deprecated in v1\.33\+; use discovery\.k8s\.io\/v1 EndpointSlice/,
    );
    assert.doesNotMatch(await said("tools"), /Warning/);
  });

  it("serves the JavaScript client: typed calls, patches and informers", async () => {
    const config = new KubeConfig();
    config.loadFromFile(api.kubeconfig);
    const core = config.makeApiClient(CoreV1Api);
    const namespace = "default";
    const informer = makeInformer(config, maps, () => core.listNamespacedConfigMap({ namespace }));
    const seen = Promise.withResolvers<string | undefined>();
    informer.on("add", (object) => {
      if (object.metadata?.name === "informed") seen.resolve(object.data?.["a"]);
    });
    await informer.start();
    try {
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "informed" }, data: { a: "1" } } });
      assert.equal(await seen.promise, "1");
      const body = [{ op: "replace", path: "/data/a", value: "2" }];
      const patched = await core.patchNamespacedConfigMap({ namespace, name: "informed", body });
      assert.deepEqual(patched.data, { a: "2" });
    } finally {
      await informer.stop();
    }
  });
});
