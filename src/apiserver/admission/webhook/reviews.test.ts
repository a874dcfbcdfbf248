import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { RealClock, RealNetwork, until } from "../../../base/index.ts";
import type { Client } from "../../../client/index.ts";
import {
  HookServer,
  jsonPatch,
  type ReviewRequest,
  startStandardControlPlane,
  type TestControlPlane,
} from "../../../testing/index.ts";

const hooks = new HookServer();
let plane: TestControlPlane;
let client: Client;

const resourceOf = (group: string, resource: string) => client.resource<KubeObject>({ group, version: "v1", resource });
const core = (resource: string) => resourceOf("", resource);
const object = (kind: string, name: string, more: object = {}) =>
  ({ apiVersion: "v1", kind, metadata: { name }, ...more }) as unknown as KubeObject;
const pod = (name: string, spec: object = {}) =>
  object("Pod", name, { spec: { containers: [{ name: "a", image: "a" }], ...spec } });

/** What a request is told of, in short. */
function shown({ kind, resource, subResource = "", operation, name, namespace, options }: ReviewRequest) {
  return { kind, resource, subResource, operation, name, namespace, options };
}

async function send(method: string, path: string, body?: object, contentType = "application/json") {
  const headers = { "content-type": contentType };
  const { status, body: answer } = await client.raw({
    ...{ method, path, headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status, text: Buffer.from(answer).toString() };
}

/** All that mutating and validating webhooks are asked about while this is done. Both must be asked the same. */
async function asked(resource: string, work: () => Promise<unknown>): Promise<readonly ReviewRequest[]> {
  await hooks.with(client, "Mutating", [hooks.hook("m.example.com", [resource])], async () => {
    await hooks.with(client, "Validating", [hooks.hook("v.example.com", [resource])], async () => void (await work()));
  });
  const of = (path: string) => hooks.seen.filter((one) => one.path === path).map(({ request }) => request);
  const [mutating, validating] = [of("/m.example.com"), of("/v.example.com")];
  assert.deepEqual(validating.map(shown), mutating.map(shown));
  return validating;
}

const podResource = { group: "", version: "v1", resource: "pods" };
const createOptions = { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" };
const updateOptions = { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" };

describe("admission reviews", () => {
  before(async () => {
    await hooks.start();
    const credentials = { certificate: "", key: "", ca: "" };
    plane = await startStandardControlPlane({ more: { kubelets: { network: new RealNetwork(), credentials } } });
    client = plane.client;
    await core("serviceaccounts").namespace("default").create(object("ServiceAccount", "default"));
    await core("pods").namespace("default").create(pod("web"));
  });
  after(async () => {
    await plane.stop();
    await hooks.stop();
  });
  beforeEach(() => {
    hooks.answer = () => ({ allowed: true });
  });

  it("show a scale, not what is scaled", async () => {
    const labels = { app: "web" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }] } };
    const deployments = client.resource<KubeObject>({ group: "apps", version: "v1", resource: "deployments" });
    await deployments.namespace("default").create({
      ...object("Deployment", "web", { spec: { replicas: 1, selector: { matchLabels: labels }, template } }),
      apiVersion: "apps/v1",
    });
    const path = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    const requests = await asked("*/scale", async () => {
      await send("PATCH", path, { spec: { replicas: 3 } }, "application/merge-patch+json");
      await send("PUT", path, {
        ...{ apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "web", namespace: "default" } },
        spec: { replicas: 4 },
      });
    });
    assert.equal(requests.length, 2);
    for (const request of requests) {
      assert.deepEqual(shown(request), {
        kind: { group: "autoscaling", version: "v1", kind: "Scale" },
        resource: { group: "apps", version: "v1", resource: "deployments" },
        subResource: "scale",
        operation: "UPDATE",
        ...{ name: "web", namespace: "default", options: updateOptions },
      });
      assert.deepEqual([request.object?.kind, request.object?.apiVersion], ["Scale", "autoscaling/v1"]);
    }
    const replicas = requests.map(({ object, oldObject }) => [oldObject?.["spec"], object?.["spec"]]);
    assert.deepEqual(replicas, [
      [{ replicas: 1 }, { replicas: 3 }],
      [{ replicas: 3 }, { replicas: 4 }],
    ]);
    assert.deepEqual(requests[0]?.oldObject?.["status"], { replicas: 0, selector: "app=web" });
  });

  it("can change a scale, and refuse one", async () => {
    const patch = [{ op: "replace", path: "/spec/replicas", value: 2 }];
    hooks.answer = ({ operation }) => ({
      allowed: operation === "UPDATE",
      patchType: "JSONPatch",
      patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
    });
    const path = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    await hooks.with(client, "Mutating", [hooks.hook("m.example.com", ["*/scale"])], async () => {
      const { text } = await send("PATCH", path, { spec: { replicas: 9 } }, "application/merge-patch+json");
      assert.equal((JSON.parse(text) as { spec: { replicas: number } }).spec.replicas, 2);
    });
    hooks.answer = ({ object }) => ({ allowed: (object?.["spec"] as { replicas: number }).replicas < 5 });
    await hooks.with(client, "Validating", [hooks.hook("v.example.com", ["deployments/scale"])], async () => {
      const { status } = await send("PATCH", path, { spec: { replicas: 9 } }, "application/merge-patch+json");
      assert.equal(status, 400);
    });
  });

  it("show a binding, with the pod's name, once", async () => {
    await core("pods").namespace("default").create(pod("bound"));
    const body = object("Binding", "bound", { target: { apiVersion: "v1", kind: "Node", name: "n1" } });
    const requests = await asked("pods/*", () => send("POST", "/api/v1/namespaces/default/pods/bound/binding", body));
    assert.deepEqual(requests.map(shown), [
      {
        kind: { group: "", version: "v1", kind: "Binding" },
        ...{ resource: podResource, subResource: "binding", operation: "CREATE" },
        ...{ name: "bound", namespace: "default", options: createOptions },
      },
    ]);
    assert.equal(requests[0]?.oldObject, null);
    assert.deepEqual((requests[0]?.object?.["target"] as { name: string }).name, "n1");
    await core("pods").namespace("default").create(pod("bound2"));
    const other = { ...body, metadata: { name: "bound2" } };
    const [older] = await asked("*", () => send("POST", "/api/v1/namespaces/default/bindings", other));
    assert.deepEqual([older?.resource, older?.subResource], [{ ...podResource, resource: "bindings" }, undefined]);
  });

  it("show an eviction, and not the deletion that it comes to", async () => {
    await core("pods").namespace("default").create(pod("evicted"));
    const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "evicted" } };
    const path = "/api/v1/namespaces/default/pods/evicted/eviction";
    const requests = [
      ...(await asked("pods/eviction", () => send("POST", `${path}?dryRun=All`, body))),
      ...(await asked("pods", () => send("POST", `${path}?dryRun=All`, body))),
    ];
    assert.deepEqual(requests.map(shown), [
      {
        kind: { group: "policy", version: "v1", kind: "Eviction" },
        ...{ resource: podResource, subResource: "eviction", operation: "CREATE" },
        ...{ name: "evicted", namespace: "default", options: { ...createOptions, dryRun: ["All"] } },
      },
    ]);
    assert.equal(requests[0]?.dryRun, true);
  });

  it("show token requests", async () => {
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } };
    const requests = await asked("*/token", () =>
      send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", body),
    );
    assert.deepEqual(requests.map(shown), [
      {
        kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
        resource: { group: "", version: "v1", resource: "serviceaccounts" },
        ...{ subResource: "token", operation: "CREATE" },
        ...{ name: "default", namespace: "default", options: createOptions },
      },
    ]);
  });

  it("show the options of connections", async () => {
    const path = "/api/v1/namespaces/default/pods/web";
    const cases = [
      ["exec?command=ls&command=-l&stdin=true&tty=1&container=a", "PodExecOptions"],
      ["attach?stdin=false", "PodAttachOptions"],
      ["portforward?ports=80&ports=443", "PodPortForwardOptions"],
      ["proxy/some/path/", "PodProxyOptions"],
    ] as const;
    const expected = [
      { stdin: true, stdout: true, stderr: true, tty: true, container: "a", command: ["ls", "-l"] },
      { stdout: true, stderr: true },
      { ports: [80, 443] },
      { path: "/some/path/" },
    ];
    for (const [index, [tail, kind]] of cases.entries()) {
      const [request, ...others] = await asked("pods/*", () => send("POST", `${path}/${tail}`));
      assert.equal(others.length, 0);
      if (request === undefined) throw new assert.AssertionError({ message: `${tail} was not asked about` });
      assert.deepEqual(shown(request), {
        kind: { group: "", version: "v1", kind },
        resource: podResource,
        subResource: tail.split(/[?/]/)[0],
        operation: "CONNECT",
        ...{ name: "web", namespace: "default", options: null },
      });
      assert.deepEqual(request.object, { kind, apiVersion: "v1", ...expected[index] });
      assert.equal(request.oldObject, null);
    }
    const [service] = await asked("services/proxy", () =>
      send("GET", "/api/v1/namespaces/default/services/http:a:80/proxy"),
    );
    assert.deepEqual(service?.object, { kind: "ServiceProxyOptions", apiVersion: "v1" });
    assert.equal(service?.name, "http:a:80");
    const [node] = await asked("nodes/proxy", () => send("GET", "/api/v1/nodes/n1/proxy/logs"));
    assert.deepEqual([node?.object?.["path"], node?.namespace], ["/logs", undefined]);
  });

  it("can change what a connection asks for", async () => {
    hooks.answer = () => jsonPatch([{ op: "add", path: "/container", value: "none" }]);
    await core("pods")
      .namespace("default")
      .create(pod("connected", { nodeName: "n1" }));
    await core("nodes").create(
      object("Node", "n1", { status: { addresses: [{ type: "InternalIP", address: "127.0.0.1" }] } }),
    );
    await hooks.with(client, "Mutating", [hooks.hook("m.example.com", ["pods/exec"])], async () => {
      const { text } = await send("POST", "/api/v1/namespaces/default/pods/connected/exec?command=sh");
      assert.match(text, /container none is not valid for pod connected/);
    });
  });

  it("keep connections away", async () => {
    hooks.answer = () => ({ allowed: false, status: { code: 403, message: "no shells here" } });
    await hooks.with(client, "Validating", [hooks.hook("v.example.com", ["pods/exec"])], async () => {
      const { status, text } = await send("POST", "/api/v1/namespaces/default/pods/web/exec?command=sh");
      assert.equal(status, 403);
      assert.match(text, /admission webhook \\"v\.example\.com\\" denied the request: no shells here/);
    });
  });

  it("show the object itself where a subresource is a view of it", async () => {
    const podPath = "/api/v1/namespaces/default/pods/web";
    const merge = "application/merge-patch+json";
    const views = [
      [`${podPath}/status`, { status: { message: "hello" } }, "pods/status", "Pod"],
      [
        `${podPath}/ephemeralcontainers`,
        { spec: { ephemeralContainers: [{ name: "debug", image: "a" }] } },
        "pods/ephemeralcontainers",
        "Pod",
      ],
      [`${podPath}/resize`, { spec: { containers: [{ name: "a", image: "a" }] } }, "pods/resize", "Pod"],
      ["/api/v1/namespaces/default/status", { status: { phase: "Active" } }, "namespaces/status", "Namespace"],
      ["/api/v1/namespaces/default/finalize", { spec: {} }, "namespaces/finalize", "Namespace"],
    ] as const;
    for (const [path, patch, resource, kind] of views) {
      const isFinalize = path.endsWith("/finalize");
      const [request] = await asked(resource, () =>
        isFinalize
          ? send("PUT", path, object("Namespace", "default", { spec: { finalizers: ["kubernetes"] } }))
          : send("PATCH", path, patch, merge),
      );
      if (request === undefined) throw new assert.AssertionError({ message: `${path} was not asked about` });
      const [plural = "", subResource] = resource.split("/");
      assert.deepEqual(shown(request), {
        kind: { group: "", version: "v1", kind },
        resource: { ...podResource, resource: plural },
        ...{ subResource, operation: "UPDATE", options: updateOptions },
        name: kind === "Pod" ? "web" : "default",
        namespace: "default",
      });
      assert.deepEqual([request.object?.kind, request.oldObject?.kind], [kind, kind]);
    }
  });

  it("show what kind of write it is, and its options", async () => {
    const path = "/api/v1/namespaces/default/configmaps";
    const cm = object("ConfigMap", "written", { data: { a: "b" } });
    const requests = await asked("configmaps", async () => {
      await send("POST", `${path}?fieldManager=me`, cm);
      await send("PUT", `${path}/written`, cm);
      await send("PATCH", `${path}/written`, { data: { c: "d" } }, "application/merge-patch+json");
      await send(
        "PATCH",
        `${path}/applied?fieldManager=me&force=true`,
        object("ConfigMap", "applied"),
        "application/apply-patch+yaml",
      );
      await send("DELETE", `${path}/written?propagationPolicy=Background`);
      await send("DELETE", `${path}?labelSelector=!none`);
    });
    const deleteOptions = { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1" };
    assert.deepEqual(requests.map(({ operation, name, options }) => [operation, name, options]).slice(0, 6), [
      ["CREATE", "written", { ...createOptions, fieldManager: "me" }],
      ["UPDATE", "written", updateOptions],
      ["UPDATE", "written", updateOptions],
      ["CREATE", "applied", { ...createOptions, fieldManager: "me" }],
      ["DELETE", "written", { ...deleteOptions, propagationPolicy: "Background" }],
      ["DELETE", undefined, deleteOptions],
    ]);
    const deletion = requests[4];
    assert.deepEqual([deletion?.object, deletion?.oldObject?.metadata.name], [null, "written"]);
    assert.deepEqual(deletion?.userInfo, { username: "admin", groups: ["system:masters", "system:authenticated"] });
  });

  it("show namespaces as within themselves, and questions that are not stored", async () => {
    const [created] = await asked("namespaces", () => core("namespaces").create(object("Namespace", "inside")));
    assert.deepEqual([created?.name, created?.namespace], ["inside", "inside"]);
    const body = {
      ...{ apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview" },
      spec: { nonResourceAttributes: { verb: "get", path: "/" } },
    };
    const [review] = await asked("*", () =>
      send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body),
    );
    assert.deepEqual(review?.kind, { group: "authorization.k8s.io", version: "v1", kind: "SelfSubjectAccessReview" });
    assert.equal(review?.operation, "CREATE");
  });

  it("are made of custom resources, in any of their versions and by their subresources", async () => {
    const names = { plural: "crows", singular: "crow", kind: "Crow" };
    const version = (name: string, storage: boolean) => ({
      ...{ name, storage, served: true },
      subresources: { status: {}, scale: { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n" } },
      schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
    });
    const versions = [version("v1", true), version("v2", false)];
    await resourceOf("apiextensions.k8s.io", "customresourcedefinitions").create({
      ...object("CustomResourceDefinition", "crows.example.com", {
        spec: { group: "example.com", scope: "Namespaced", names, versions },
      }),
      apiVersion: "apiextensions.k8s.io/v1",
    });
    const path = (of: string, tail = "") => `/apis/example.com/${of}/namespaces/default/crows${tail}`;
    await until(new RealClock(), "crows are served", async () => (await send("GET", path("v2"))).status === 200);
    const rules = [
      { operations: ["*"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["crows", "crows/*"] },
    ];
    const hook = { ...hooks.hook("v.example.com", []), rules, matchPolicy: "Equivalent" };
    await hooks.with(client, "Validating", [hook], async () => {
      const crow = { apiVersion: "example.com/v2", kind: "Crow", metadata: { name: "c" }, spec: { n: 1 } };
      assert.equal((await send("POST", path("v2"), crow)).status, 201);
      const merge = "application/merge-patch+json";
      assert.equal((await send("PATCH", path("v2", "/c/status"), { status: { n: 1 } }, merge)).status, 200);
      assert.equal((await send("PATCH", path("v2", "/c/scale"), { spec: { replicas: 2 } }, merge)).status, 200);
      const seen = hooks.seen.map(({ request }) => [
        request.subResource,
        request.object?.apiVersion,
        request.object?.kind,
      ]);
      assert.deepEqual(seen, [
        [undefined, "example.com/v1", "Crow"],
        ["status", "example.com/v1", "Crow"],
        ["scale", "autoscaling/v1", "Scale"],
      ]);
      for (const { request } of hooks.seen) {
        const { resource, requestResource } = request as unknown as Record<string, { version: string }>;
        assert.deepEqual([resource?.version, requestResource?.version], ["v1", "v2"]);
      }
    });
  });

  it("are made in the version that a webhook knows", async () => {
    const rules = [{ operations: ["*"], apiGroups: ["autoscaling"], apiVersions: ["v1"], resources: ["*"] }];
    const hook = (matchPolicy: string) => ({ ...hooks.hook("v.example.com", []), rules, matchPolicy });
    const metrics = [
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
    ];
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
    const autoscaler = (name: string) => ({
      ...object("HorizontalPodAutoscaler", name, { spec: { maxReplicas: 3, scaleTargetRef, metrics } }),
      apiVersion: "autoscaling/v2",
    });
    const path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
    await hooks.with(client, "Validating", [hook("Equivalent")], async () => {
      assert.equal((await send("POST", path, autoscaler("equivalent"))).status, 201);
      const [{ request } = { request: undefined }] = hooks.seen;
      assert.deepEqual(request?.kind, { group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler" });
      assert.deepEqual(request?.requestKind, { group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler" });
      assert.equal((request?.object?.["spec"] as Record<string, unknown>)["targetCPUUtilizationPercentage"], 50);
      assert.equal((request?.resource as Record<string, unknown>)["version"], "v1");
    });
    await hooks.with(client, "Validating", [hook("Exact")], async () => {
      assert.equal((await send("POST", path, autoscaler("exact"))).status, 201);
      assert.equal(hooks.seen.length, 0);
    });
  });
});
