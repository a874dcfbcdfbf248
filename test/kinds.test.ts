import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadScheme } from "../src/api/index.ts";
import { ServedApi } from "./api/served.ts";

const api = new ServedApi();
const protobuf = "application/vnd.kubernetes.protobuf";

const job = (name: string) => `
apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec:
  suspend: true
  template:
    spec:
      restartPolicy: Never
      containers: [{name: a, image: x}]
`;

const claim = (expression: string, adminAccess: boolean) => `
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: claim}
spec:
  devices:
    requests:
    - name: r
      exactly:
        deviceClassName: c
        adminAccess: ${adminAccess}
        selectors: [{cel: {expression: '${expression}'}}]
`;

describe("kinds by independent clients", { concurrency: false }, () => {
  before(() => api.start());
  after(() => api.stop());

  it("keeps the priority classes of the system", async () => {
    assert.match(
      await api.refused("delete priorityclass system-node-critical"),
      /priorityclasses.* "system-node-critical" is forbidden: this is a system priority class and cannot be deleted/,
    );
  });

  it("says that the pods of a deleted job stay", async () => {
    await api.kubectl("create -f -", job("left") + "---" + job("both"));
    const path = "/apis/batch/v1/namespaces/default/jobs";
    const open = await api.send({ method: "DELETE", path: `${path}/left` });
    assert.match(
      String(open.headers["warning"]),
      /^299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"$/,
    );
    const said = await api.send({ method: "DELETE", path: `${path}/both?propagationPolicy=Background` });
    assert.equal(said.headers["warning"], undefined);
  });

  it("compiles selectors of devices, and keeps devices of others to namespaces for it", async () => {
    assert.match(
      await api.refused("create -f -", claim("device.nope == 1", false)),
      /spec\.devices\.requests\[0\]\.exactly\.selectors\[0\]\.cel\.expression: Invalid value: "device\.nope == 1": compilation failed: ERROR: <input>:1:7: undefined field 'nope'/,
    );
    assert.match(
      await api.refused("create -f -", claim("true", true)),
      /spec\.devices\.requests\[0\]\.adminAccess: Forbidden: admin access to devices requires the `resource\.kubernetes\.io\/admin-access: true` label on the containing namespace/,
    );
    await api.kubectl("label namespace default resource.kubernetes.io/admin-access=true");
    await api.kubectl("create -f -", claim("true", true));
  });

  it("keeps every digit of large integers in whatever encoding they come and go", async () => {
    const large = "9007199254740993";
    await api.kubectl("create serviceaccount default");
    const path = "/api/v1/namespaces/default/pods";
    const pod = `{"metadata":{"name":"large"},"spec":{"containers":[{"name":"a","image":"x"}],"securityContext":{"runAsUser":1,"fsGroup":2,"sysctls":[]},"terminationGracePeriodSeconds":${large}}}`;
    const json = { "content-type": "application/json" };
    const created = await api.send({ method: "POST", path, headers: json, body: pod });
    assert.equal(created.status, 201, created.body.toString());
    const kept = new RegExp(`"terminationGracePeriodSeconds":${large}[,}]`);
    assert.match(created.body.toString(), kept);
    const type = "application/merge-patch+json";
    const body = `{"metadata":{"labels":{"a":"b"}}}`;
    const patched = await api.send({ method: "PATCH", path: `${path}/large`, headers: { "content-type": type }, body });
    assert.match(patched.body.toString(), kept);
    const binary = await api.send({ path: `${path}/large`, headers: { accept: protobuf } });
    // Field 4, as Go's encoder writes 2^53 + 1.
    assert.ok(binary.body.includes(Buffer.from([0x20, 0x81, ...new Array<number>(6).fill(0x80), 0x10])));
    const put = { method: "PUT", path: `${path}/large`, headers: { "content-type": protobuf } };
    const again = await api.send({ ...put, body: binary.body });
    assert.match(again.body.toString(), kept);
    const yaml = await api.send({ path: `${path}/large`, headers: { accept: "application/yaml" } });
    assert.match(yaml.body.toString(), new RegExp(`^ {2}terminationGracePeriodSeconds: ${large}$`, "m"));
    await api.kubectl("delete pod large --grace-period=0 --force");
  });

  it("keeps every digit of large integers in custom resources", async () => {
    const large = "9223372036854775807";
    const definition = (name: string, schema: string) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${name}s.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {plural: ${name}s, singular: ${name}, kind: ${name}}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: ${schema}}}]
`;
    const typed = "{type: object, properties: {big: {type: integer, format: int64, minimum: 1}}}";
    const open = "{type: object, x-kubernetes-preserve-unknown-fields: true}";
    await api.kubectl("create -f -", `${definition("typed", typed)}---${definition("open", open)}`);
    await api.kubectl("wait --for=condition=established crd --all --timeout=120s");
    for (const kind of ["typed", "open"]) {
      const path = `/apis/example.com/v1/${kind}s`;
      const headers = { "content-type": "application/json" };
      const body = `{"apiVersion":"example.com/v1","kind":"${kind}","metadata":{"name":"a"},"big":${large}}`;
      const created = await api.send({ method: "POST", path, headers, body });
      assert.equal(created.status, 201, created.body.toString());
      assert.match(created.body.toString(), new RegExp(`"big":${large}[,}]`));
      const merge = { "content-type": "application/merge-patch+json" };
      const patch = `{"metadata":{"labels":{"a":"b"}}}`;
      const patched = await api.send({ method: "PATCH", path: `${path}/a`, headers: merge, body: patch });
      assert.match(patched.body.toString(), new RegExp(`"big":${large}[,}]`));
      assert.match((await api.send({ path })).body.toString(), new RegExp(`"big":${large}[,}]`));
    }
    const body = `{"apiVersion":"example.com/v1","kind":"typed","metadata":{"name":"b"},"big":-${large}}`;
    const headers = { "content-type": "application/json" };
    const refused = await api.send({ method: "POST", path: "/apis/example.com/v1/typeds", headers, body });
    assert.match(refused.body.toString(), /should be greater than or equal to 1/);
  });

  it("answers failures in protobuf and YAML to who asks for them", async () => {
    const path = "/api/v1/namespaces/default/configmaps/none";
    const answer = await api.send({ path, headers: { accept: `${protobuf},application/json` } });
    assert.deepEqual([answer.status, answer.headers["content-type"]], [404, protobuf]);
    assert.equal(answer.body.subarray(0, 4).toString(), "k8s\0");
    const codec = loadScheme().codec({ group: "meta.k8s.io", version: "v1", kind: "Status" });
    // After the magic: type meta (14 bytes and its head), then the raw object with a length of one byte.
    const raw = answer.body.subarray(4 + 16 + 2, answer.body.length - 4);
    const { metadata: _metadata, ...status } = codec.decodeProtobuf(raw) as unknown as Record<string, unknown>;
    assert.deepEqual(JSON.parse(JSON.stringify(status)), {
      status: "Failure",
      message: 'configmaps "none" not found',
      reason: "NotFound",
      details: { name: "none", kind: "configmaps" },
      code: 404,
    });
    const yaml = await api.send({ path, headers: { accept: "application/yaml" } });
    assert.equal(yaml.headers["content-type"], "application/yaml");
    assert.match(yaml.body.toString(), /^apiVersion: v1\ncode: 404\n/m);
    const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    const json = await api.send({ path, headers: { accept: table } });
    assert.equal(json.headers["content-type"], "application/json");
  });

  it("decides about selectors given as requirements, and refuses questions that make no sense", async () => {
    const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    const headers = { "content-type": "application/json" };
    const ask = async (resourceAttributes: object) => {
      const who = { user: "system:node:a", groups: ["system:nodes"] };
      const body = JSON.stringify({
        spec: { ...who, resourceAttributes: { verb: "list", resource: "pods", ...resourceAttributes } },
      });
      return (await api.send({ method: "POST", path, headers, body })).json();
    };
    const requirements = [{ key: "spec.nodeName", operator: "In", values: ["a"] }];
    const allowed = (answer: Record<string, unknown>) => (answer["status"] as Record<string, unknown>)["allowed"];
    assert.equal(allowed(await ask({ fieldSelector: { requirements } })), true);
    assert.equal(allowed(await ask({ fieldSelector: { rawSelector: "spec.nodeName=a" } })), true);
    assert.equal(allowed(await ask({ fieldSelector: { rawSelector: "spec.nodeName=b" } })), false);
    assert.equal(allowed(await ask({})), false);
    const field = "spec.resourceAttributes.fieldSelector";
    assert.equal(
      (await ask({ fieldSelector: {} }))["message"],
      `.authorization.k8s.io "" is invalid: ${field}.requirements: Required value: when ${field} is specified, requirements or rawSelector is required`,
    );
  });

  it("leaves out fields whose gates are off, resizes pods as a whole, and lets names of services begin with digits", async () => {
    const pod = `
apiVersion: v1
kind: Pod
metadata: {name: sized}
spec:
  schedulingGroup: {podGroupName: g}
  resources: {requests: {cpu: "1"}, limits: {cpu: "2"}}
  containers:
  - {name: a, image: x, lifecycle: {stopSignal: SIGUSR1}}
  os: {name: linux}
`;
    await api.kubectl("create --validate=false -f -", pod);
    const get = async (what: string) => (await api.kubectl(`get pod sized -o jsonpath={${what}}`)).trim();
    assert.equal(await get(".spec.schedulingGroup"), "");
    assert.equal(await get(".spec.containers[0].lifecycle"), "");
    const resize = "/api/v1/namespaces/default/pods/sized/resize";
    const headers = { "content-type": "application/merge-patch+json" };
    const patch = (resources: object) => ({
      method: "PATCH",
      path: resize,
      headers,
      body: JSON.stringify({ spec: { resources } }),
    });
    assert.equal((await api.send(patch({ requests: { cpu: "1500m" } }))).status, 200);
    assert.equal(await get(".spec.resources.requests.cpu"), "1500m");
    assert.match(
      (await api.send(patch({ limits: { cpu: null } }))).body.toString(),
      /spec\.resources\.limits: Forbidden: pod-level resource limits cannot be removed/,
    );
    await api.kubectl("create service clusterip 1st --tcp=80");
    await api.kubectl("create ingress one --rule=a.example/*=1st:80");
  });
});
