import assert from "node:assert/strict";
import { test } from "node:test";
import { loadScheme } from "../../api/index.ts";
import { RealClock, RealRandom, silentLog } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import { createMemoryStore } from "../../storage/index.ts";
import { createApiServer } from "../server.ts";
import type { AuditEvent } from "./contract.ts";
import { AuditPolicy, createAuditor } from "./index.ts";

const policy = AuditPolicy.parse(`
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: ["quiet"]
  - level: None
    nonResourceURLs: ["/healthz*", "/version"]
  - level: Metadata
    resources: [{ group: "", resources: [secrets] }]
  - level: Request
    verbs: [patch]
  - level: RequestResponse
    omitManagedFields: true
`);

const everything = AuditPolicy.parse("{ apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{ level: Metadata }] }");

/** A server whose every caller is the user named in a header, and the events it made. */
async function auditedServer(stored?: (stage: string) => boolean) {
  const clock = new RealClock();
  const events: AuditEvent[] = [];
  const record = (made: AuditEvent) => {
    events.push(made);
    return stored === undefined ? undefined : Promise.resolve(stored(made.stage));
  };
  const backend = { name: "test", record, run: async () => {} };
  const metrics = new MetricsRegistry();
  const audit = createAuditor({
    policy: stored === undefined ? policy : everything,
    backends: [backend],
    scheme: loadScheme(),
    clock,
    metrics,
  });
  const server = createApiServer({
    store: createMemoryStore({ clock }),
    clock,
    random: new RealRandom(),
    log: silentLog,
    authenticator: {
      name: "test",
      authenticate: ({ headers }) => {
        const name = headers["x-user"];
        if (typeof name !== "string") return { type: "none" };
        return { type: "authenticated", user: { name, groups: ["system:authenticated"] } };
      },
    },
    runtime: { nodeVersion: "26", architecture: "x64" },
    paths: [
      {
        handle: ({ target }) => {
          if (target === "/broken") throw new TypeError("this should never happen");
          return undefined;
        },
      },
    ],
    audit,
    metrics,
  });
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  await server.started;
  const ask = async (user: string | undefined, method: string, target: string, body?: unknown, type?: string) => {
    const bytes = Buffer.from(body === undefined ? "" : JSON.stringify(body));
    const response = await server.handler({
      method,
      target,
      headers: {
        "user-agent": "test",
        "audit-id": "some-id",
        ...(user === undefined ? {} : { "x-user": user }),
        ...(body === undefined ? {} : { "content-type": type ?? "application/json" }),
      },
      peer: { remoteAddress: "192.0.2.7", clientCertificates: [] },
      signal: new AbortController().signal,
      body: async () => bytes,
    });
    return response;
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return { events, ask, stop, metrics };
}

const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { x: "1" } };

test("events say who did what, with as much of the bodies as the policy wants", async () => {
  const { events, ask, stop, metrics } = await auditedServer();
  await ask("ann", "POST", "/api/v1/namespaces/default/configmaps?fieldManager=t", configMap);
  const [created] = events;
  assert.ok(created !== undefined);
  assert.deepEqual(Object.keys(created), [
    "kind",
    "apiVersion",
    "level",
    "auditID",
    "stage",
    "requestURI",
    "verb",
    "user",
    "sourceIPs",
    "userAgent",
    "objectRef",
    "responseStatus",
    "requestObject",
    "responseObject",
    "requestReceivedTimestamp",
    "stageTimestamp",
    "annotations",
  ]);
  assert.equal(created.auditID, "some-id");
  assert.equal(created.requestURI, "/api/v1/namespaces/default/configmaps?fieldManager=t");
  assert.deepEqual(created.user, { username: "ann", groups: ["system:authenticated"] });
  assert.deepEqual(created.objectRef, {
    resource: "configmaps",
    namespace: "default",
    name: "a",
    apiVersion: "v1",
  });
  assert.deepEqual(created.responseStatus, { metadata: {}, code: 201 });
  assert.deepEqual(created.requestObject, configMap);
  const shown = created.responseObject as { metadata: { uid?: string; managedFields?: unknown } };
  assert.ok(shown.metadata.uid !== undefined && shown.metadata.managedFields === undefined);
  assert.equal(created.annotations?.["authorization.k8s.io/decision"], "allow");
  assert.match(created.stageTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

  const patch = { data: { x: "2" } };
  await ask("ann", "PATCH", "/api/v1/namespaces/default/configmaps/a", patch, "application/merge-patch+json");
  assert.equal(events[1]?.level, "Request");
  assert.deepEqual(events[1]?.requestObject, patch);
  assert.equal(events[1]?.responseObject, undefined);

  await ask("ann", "GET", "/api/v1/namespaces/default/secrets/none");
  assert.equal(events[2]?.level, "Metadata");
  assert.deepEqual(events[2]?.responseStatus, {
    metadata: {},
    status: "Failure",
    message: 'secrets "none" not found',
    reason: "NotFound",
    details: { name: "none", kind: "secrets" },
    code: 404,
  });
  assert.ok(metrics.render().body.includes('apiserver_audit_level_total{level="Metadata"} 1'));
  await stop();
});

test("what the policy leaves out is not recorded, and a stranger is", async () => {
  const { events, ask, stop } = await auditedServer();
  await ask("quiet", "GET", "/api/v1/namespaces/default/configmaps");
  await ask("ann", "GET", "/version");
  await ask("ann", "GET", "/healthz/ping");
  assert.equal(events.length, 0);
  await ask(undefined, "GET", "/api/v1/nodes");
  assert.deepEqual(events[0]?.user, {});
  assert.equal(events[0]?.responseStatus?.code, 401);
  await stop();
});

test("a watch is recorded at its start and at its end", async () => {
  const { events, ask, stop } = await auditedServer();
  const response = await ask("ann", "GET", "/api/v1/configmaps?watch=1&resourceVersion=0");
  assert.equal(response.body.type, "stream");
  if (response.body.type !== "stream") return;
  let close = (): void => {};
  response.body.run({
    write: () => true,
    end: () => close(),
    destroy: () => close(),
    onDrain: () => {},
    onClose: (listener) => {
      const before = close;
      close = () => {
        before();
        listener();
      };
    },
    closed: false,
  });
  assert.deepEqual(
    events.map(({ stage }) => stage),
    ["ResponseStarted"],
  );
  close();
  assert.deepEqual(
    events.map(({ stage }) => stage),
    ["ResponseStarted", "ResponseComplete"],
  );
  await stop();
});

test("policies that upstream refuses are refused", () => {
  const parse = (rules: string) => () =>
    AuditPolicy.parse(`apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: ${rules}`);
  assert.throws(parse("[]"), /0 rules/);
  assert.throws(parse("[{ level: Loud }]"), /rules\[0\]\.level: Unsupported value: "Loud"/);
  assert.throws(parse("[{ level: Metadata, omitStages: [Never] }]"), /omitStages\[0\]: Invalid value: "Never"/);
  assert.throws(parse('[{ level: None, namespaces: [a], nonResourceURLs: ["/x"] }]'), /cannot apply to both/);
  assert.throws(() => AuditPolicy.parse("kind: Policy"), /expected an audit.k8s.io\/v1 Policy/);
});

test("a request whose arrival a strict backend cannot store is refused, and only its arrival counts", async () => {
  let failing = "RequestReceived";
  const { ask, stop, metrics } = await auditedServer((stage) => stage !== failing);
  const refused = await ask("ann", "POST", "/api/v1/namespaces/default/configmaps", configMap);
  assert.equal(refused.status, 500);
  assert.ok(refused.body.type === "bytes");
  assert.equal(
    Buffer.from(refused.body.bytes).toString(),
    'Internal Server Error: "/api/v1/namespaces/default/configmaps": failed to store audit event\n',
  );
  failing = "ResponseComplete";
  assert.equal((await ask("ann", "POST", "/api/v1/namespaces/default/configmaps", configMap)).status, 201);
  assert.ok(metrics.render().body.includes("apiserver_audit_requests_rejected_total 1\n"));
  await stop();
});

test("a failure of the server itself is recorded as one", async () => {
  const { events, ask, stop } = await auditedServer();
  assert.equal((await ask("ann", "GET", "/broken")).status, 500);
  assert.equal(events[0]?.stage, "Panic");
  assert.deepEqual(events[0]?.responseStatus, {
    metadata: {},
    status: "Failure",
    message: "APIServer panic'd: this should never happen",
    reason: "InternalError",
    code: 500,
  });
  await stop();
});
