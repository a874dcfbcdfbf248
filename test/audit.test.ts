import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AuditEvent } from "../src/apiserver/index.ts";
import { createRealPlatform } from "../src/base/index.ts";
import { type HttpsReceiver, startHttpsReceiver, webhookKubeconfig } from "../src/testing/index.ts";
import { eventually, TestCluster } from "./cluster/harness.ts";

const { processes } = createRealPlatform();
const cluster = new TestCluster("audit");
const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    verbs: [get, list, watch]
  - level: RequestResponse
    resources: [{ group: "", resources: [configmaps] }]
    namespaces: [default]
  - level: Request
    resources: [{ group: apps }]
  - level: Metadata
    resources: [{ group: "", resources: [secrets] }]
`;
const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "example.test/web:1" }] }
`;

/** Strangers see one path only; its users are as ever. */
const access = `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous: { enabled: true, conditions: [{ path: /livez }] }
`;

describe("a cluster that is audited as a policy says", () => {
  const received: AuditEvent[] = [];
  let receiver: HttpsReceiver;
  const log = join(cluster.home, "audit.log");
  const logged = (): AuditEvent[] =>
    readFileSync(log, "utf8")
      .split("\n")
      // What follows the last line is being written.
      .slice(0, -1)
      .map((line) => JSON.parse(line) as AuditEvent);

  before(async () => {
    receiver = await startHttpsReceiver(({ method, path, body }) => {
      const list = JSON.parse(body) as { kind: string; apiVersion: string; items: AuditEvent[] };
      assert.deepEqual([method, path, list.kind, list.apiVersion], ["POST", "/sink", "EventList", "audit.k8s.io/v1"]);
      received.push(...list.items);
    });
    writeFileSync(join(cluster.home, "policy.yaml"), policy);
    writeFileSync(join(cluster.home, "webhook.yaml"), webhookKubeconfig(receiver, "/sink"));
    writeFileSync(join(cluster.home, "access.yaml"), access);
    await cluster.up(
      "--nodes=0",
      "--datastore=memory",
      `--audit-policy-file=${join(cluster.home, "policy.yaml")}`,
      `--audit-log-path=${log}`,
      `--audit-webhook-config-file=${join(cluster.home, "webhook.yaml")}`,
      "--audit-webhook-batch-max-wait=100ms",
      `--authentication-config=${join(cluster.home, "access.yaml")}`,
      "--authorization-mode=Node,RBAC,AlwaysDeny",
    );
  });
  after(async () => {
    await cluster.destroy();
    await receiver.close();
  });

  it("writes what kubectl does to the log before kubectl has its answer", async () => {
    await cluster.kubectl("create", "configmap", "settings", "--from-literal=a=b");
    const created = logged().find(({ objectRef }) => objectRef?.name === "settings");
    assert.equal(created?.level, "RequestResponse");
    assert.equal(created?.user.username, "kubernetes-admin");
    assert.match(created?.userAgent ?? "", /^kubectl\//);
    assert.deepEqual((created?.requestObject as { data: unknown }).data, { a: "b" });
    assert.equal((created?.responseObject as { kind: string }).kind, "ConfigMap");
    assert.equal(created?.responseStatus?.code, 201);
    await cluster.kubectl("create", "secret", "generic", "hidden", "--from-literal=a=verysecret");
    assert.ok(!readFileSync(log, "utf8").includes(Buffer.from("verysecret").toString("base64")));
    assert.ok(logged().some(({ objectRef, level }) => objectRef?.name === "hidden" && level === "Metadata"));
  });

  it("records what controllers in the same process do, under their names", async () => {
    await cluster.apply(manifest);
    const made = await eventually(
      async () => logged().find(({ objectRef, verb }) => objectRef?.resource === "replicasets" && verb === "create"),
      (event) => event !== undefined,
    );
    assert.equal(made?.user.username, "system:serviceaccount:kube-system:deployment-controller");
    assert.equal((made?.requestObject as { kind: string }).kind, "ReplicaSet");
    assert.equal(made?.responseObject, undefined);
  });

  it("sends the same events to the webhook", async () => {
    const ids = (events: readonly AuditEvent[]) => events.map(({ auditID, stage }) => `${auditID} ${stage}`).sort();
    await eventually(
      async () => [ids(received), ids(logged())],
      ([sent, written]) => sent?.join("\n") === written?.join("\n"),
    );
    assert.ok(received.some(({ objectRef }) => objectRef?.name === "settings"));
  });

  it("takes flags of authentication and authorization as well", async () => {
    const url = await cluster.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}");
    const curl = async (path: string): Promise<string> =>
      (await processes.run("curl", ["-sk", "-o", "/dev/null", "-w", "%{http_code}", url + path])).stdout;
    assert.equal(await curl("/livez"), "200");
    assert.equal(await curl("/version"), "401");
    const { stderr } = await cluster.tryKubectl(["get", "pods", "--as=stranger"]);
    assert.match(stderr, /User "stranger" cannot list resource "pods".*: Everything is forbidden\./);
  });

  it("does not take other flags while it runs", async () => {
    const { code, stderr } = await cluster.k8ts("up", "--name", cluster.name, "--audit-log-path=/tmp/other.log");
    assert.notEqual(code, 0);
    assert.match(stderr, /is up with other flags of its API server; run down first to change them/);
  });
});
