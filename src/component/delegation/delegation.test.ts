import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import { CapturingLog, createRealPlatform, createScope, type Disk, MemoryDisk, type Scope } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { eventually, startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { CertificateAuthority, createAuthority } from "../certificates/index.ts";
import { FlagError, parseFlags } from "../flags/index.ts";
import { MetricsRegistry } from "../metrics/index.ts";
import type { DiagnosticsAnswer, DiagnosticsRequest } from "../serving/diagnostics.ts";
import { guardThrough, type ReviewClients } from "./delegated-access.ts";
import { delegationFlags } from "./flags.ts";

const platform = createRealPlatform();
const dayMs = 86_400_000;
const configMaps = { group: "", version: "v1", resource: "configmaps" };

let plane: TestControlPlane;
let scheduler: Client;
let scope: Scope;
const tokens = { reader: "", stranger: "" };

before(async () => {
  plane = await startStandardControlPlane();
  scope = createScope();
  // As a scheduler reaches its server: with its own rights, which bootstrap policy gives it.
  scheduler = plane.clientFor({ name: "system:kube-scheduler", groups: ["system:authenticated"] });
  const { client } = plane;
  const rbac = { group: "rbac.authorization.k8s.io", version: "v1" };
  const accounts = client.resource({ group: "", version: "v1", resource: "serviceaccounts" }).namespace("default");
  for (const name of ["reader", "stranger"] as const) {
    await accounts.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: {}, spec: {} };
    const answer = await accounts.createSubresource<typeof request & { status?: { token: string } }>(
      name,
      "token",
      request,
    );
    tokens[name] = answer.status?.token ?? "";
  }
  const role = { nonResourceURLs: ["/metrics"], verbs: ["get"] };
  await client.resource({ ...rbac, resource: "clusterroles" }).create({
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "reader" }, rules: [role] },
  });
  await client.resource({ ...rbac, resource: "clusterrolebindings" }).create({
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: "reader" } },
    ...{ roleRef: { apiGroup: rbac.group, kind: "ClusterRole", name: "reader" } },
    ...{ subjects: [{ kind: "ServiceAccount", name: "reader", namespace: "default" }] },
  });
});

after(async () => {
  await scope.close();
  await plane.stop();
});

interface Given {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: DiagnosticsRequest["headers"];
  readonly certificate?: string;
}

function request(path: string, { method = "GET", token, headers = {}, certificate }: Given = {}): DiagnosticsRequest {
  const url = new URL(path, "http://component");
  return {
    ...{ method, target: path, path: url.pathname, query: url.searchParams, accept: undefined },
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    clientCertificates: certificate === undefined ? [] : [new X509Certificate(certificate).raw],
    remoteAddress: "127.0.0.1",
  };
}

interface Guarding {
  readonly args?: readonly string[];
  readonly clients?: Partial<ReviewClients>;
  readonly tolerateLookupFailure?: boolean;
  readonly disk?: Disk;
}

async function guard({ args = [], clients = {}, tolerateLookupFailure = false, disk = platform.disk }: Guarding = {}) {
  const registry = new MetricsRegistry();
  const log = new CapturingLog();
  const flags = parseFlags(delegationFlags({ tolerateLookupFailure }), args).values;
  const asking = { authentication: scheduler, authorization: scheduler, ...clients };
  const handler = await guardThrough({ ...platform, disk }, { flags, registry, log }, asking, scope);
  /** The status, and what is wrong; 200 for those who pass. */
  const ask = async (path: string, given?: Given): Promise<string> => {
    const answer = await handler(request(path, given));
    return answer === undefined ? "200" : `${answer.status} ${messageIn(answer)}`;
  };
  return { handler, ask, registry, log };
}

function messageIn({ contentType, body }: DiagnosticsAnswer): string {
  return contentType === "application/json" ? (JSON.parse(body) as { message: string }).message : body;
}

const forbidden = (user: string, path: string, verb = "get") =>
  `403 forbidden: User "${user}" cannot ${verb} path "${path}"`;

test("the API server knows the tokens and who may read what", async () => {
  const { ask, registry } = await guard();
  assert.equal(await ask("/metrics", { token: tokens.reader }), "200");
  assert.equal(await ask("/metrics", { token: tokens.reader }), "200");
  const reader = "system:serviceaccount:default:reader";
  assert.equal(await ask("/configz", { token: tokens.reader }), forbidden(reader, "/configz"));
  assert.equal(await ask("/metrics", { token: tokens.reader, method: "POST" }), forbidden(reader, "/metrics", "post"));
  const stranger = "system:serviceaccount:default:stranger";
  assert.equal(await ask("/metrics", { token: tokens.stranger }), forbidden(stranger, "/metrics"));
  const { body } = registry.render();
  assert.match(body, /^apiserver_delegated_authn_request_total\{code="201"\} 2$/m, "a token is asked about once");
  assert.match(body, /^apiserver_delegated_authz_request_total\{code="201"\} 4$/m, "and so is a permission");
  assert.match(body, /^authorization_attempts_total\{result="no-opinion"\} 3$/m);
});

test("a bad token is refused even where everybody may read; without one there is nobody", async () => {
  const { ask, handler } = await guard();
  for (const path of ["/healthz", "/livez", "/readyz"]) {
    assert.equal(await ask(path), "200");
    assert.equal(await ask(path, { token: "bad" }), "401 Unauthorized");
  }
  assert.equal(await ask("/healthz/ping"), forbidden("system:anonymous", "/healthz/ping"));
  assert.equal(
    await ask("/metrics", { headers: { authorization: "Basic eDp5" } }),
    forbidden("system:anonymous", "/metrics"),
  );
  const plain = await handler(request("/metrics"));
  const head =
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"forbidden: User \\"system:anonymous\\"';
  assert.equal(plain?.body, `${head} cannot get path \\"/metrics\\"","reason":"Forbidden","details":{},"code":403}\n`);
  const pretty = await handler(request("/metrics", { headers: { "user-agent": "curl/8.1" }, token: "bad" }));
  assert.equal(
    pretty?.body,
    JSON.stringify(
      {
        ...{ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" },
        ...{ message: "Unauthorized", reason: "Unauthorized", code: 401 },
      },
      undefined,
      2,
    ),
  );
});

test("open paths are what the flag says", async () => {
  const { ask } = await guard({ args: ["--authorization-always-allow-paths=metrics,/debug/*"] });
  assert.equal(await ask("/metrics"), "200");
  assert.equal(await ask("/debug/any/thing"), "200");
  assert.equal(await ask("/debug"), forbidden("system:anonymous", "/debug"));
  await assert.rejects(guard({ args: ["--authorization-always-allow-paths=/a*b"] }), FlagError);
});

function authority(commonName: string) {
  const { certificate, key } = createAuthority({ commonName }, dayMs, platform);
  const ca = new CertificateAuthority(certificate, createPrivateKey(key), platform);
  const client = (name: string, organization: string): string =>
    ca.issue({
      subject: { commonName: name, organizations: [organization] },
      validityMs: dayMs,
      usages: ["client auth"],
    }).certificate;
  return { pem: certificate, client };
}

async function publish(data: Record<string, string>): Promise<void> {
  const maps = plane.client.resource(configMaps).namespace("kube-system");
  await maps.patch("extension-apiserver-authentication", { type: "merge", body: { data } });
}

test("certificates count when an authority of the cluster signed them, also one that it names later", async () => {
  const [ca, later, proxyCa] = ["clients", "more clients", "proxies"].map(authority) as [
    ReturnType<typeof authority>,
    ReturnType<typeof authority>,
    ReturnType<typeof authority>,
  ];
  await publish({
    "client-ca-file": ca.pem,
    "requestheader-client-ca-file": proxyCa.pem,
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-username-headers": '["X-Remote-User"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
  });
  const { ask } = await guard({ clients: { authentication: plane.client } });
  const admin = ca.client("admin", "system:masters");
  assert.equal(await ask("/metrics", { certificate: admin }), "200");
  assert.equal(await ask("/metrics", { certificate: ca.client("jane", "team") }), forbidden("jane", "/metrics"));
  assert.equal(await ask("/metrics", { certificate: later.client("admin", "system:masters") }), "401 Unauthorized");
  const headers = { "x-remote-user": "ann", "x-remote-group": "system:masters" };
  const proxy = proxyCa.client("front-proxy-client", "");
  assert.equal(await ask("/metrics", { certificate: proxy, headers }), "200");
  assert.equal(await ask("/metrics", { certificate: proxy }), "401 Unauthorized", "it vouches for nobody");
  assert.equal(await ask("/metrics", { certificate: proxyCa.client("other", ""), headers }), "401 Unauthorized");
  assert.equal(
    await ask("/metrics", { certificate: ca.client("jane", "team"), headers }),
    forbidden("jane", "/metrics"),
  );

  await publish({ "client-ca-file": later.pem });
  await eventually(async () => assert.equal(await ask("/metrics", { certificate: admin }), "401 Unauthorized"), 10_000);
  assert.equal(await ask("/metrics", { certificate: later.client("admin", "system:masters") }), "200");
});

test("authorities in files go before the cluster's, and are read again when they change", async () => {
  const [ca, later] = [authority("file"), authority("another file")];
  const disk = new MemoryDisk(platform.clock);
  await disk.write("/ca.crt", ca.pem);
  const { ask, log } = await guard({ args: ["--client-ca-file=/ca.crt"], disk });
  const [admin, laterAdmin] = [ca, later].map((one) => one.client("admin", "system:masters"));
  assert.equal(await ask("/metrics", { certificate: admin }), "200");
  assert.equal(await ask("/metrics", { certificate: laterAdmin }), "401 Unauthorized");
  await disk.write("/ca.crt", "nothing");
  await eventually(async () => assert.ok(log.messages("warn").includes("authorities could not be read again")), 10_000);
  assert.equal(await ask("/metrics", { certificate: admin }), "200", "what was read before still counts");
  await disk.write("/ca.crt", later.pem);
  await eventually(async () => assert.equal(await ask("/metrics", { certificate: laterAdmin }), "200"), 10_000);
  assert.equal(await ask("/metrics", { certificate: admin }), "401 Unauthorized");
});

test("who cannot read the cluster's authorities does not start, unless that is tolerated", async () => {
  const nobody = plane.clientFor({ name: "nobody", groups: ["system:authenticated"] });
  const clients = { authentication: nobody };
  const why = /^Error: unable to load configmap based request-header-client-ca-file: .*"nobody" cannot get/;
  await assert.rejects(guard({ clients }), why);
  const { ask, log } = await guard({ clients, tolerateLookupFailure: true });
  assert.equal(await ask("/healthz"), "200");
  assert.ok(log.messages("warn").includes("Error looking up in-cluster authentication configuration"));
  await guard({ clients, args: ["--authentication-skip-lookup"] });
});

test("with nobody to ask only open paths are answered, and tokens are not looked at", async () => {
  const { ask } = await guard({ clients: { authentication: undefined, authorization: undefined } });
  assert.equal(await ask("/healthz", { token: tokens.reader }), "200");
  assert.equal(await ask("/metrics", { token: tokens.reader }), forbidden("system:anonymous", "/metrics"));
});

test("a question that nobody answers is a failure of the server, told without what may harm", async () => {
  const nobody = plane.clientFor({ name: "nobody", groups: ["system:authenticated"] });
  const { ask } = await guard({ clients: { authorization: nobody } });
  assert.match(
    await ask("/metrics?a=<b>"),
    /^500 Internal Server Error: "\/metrics\?a=&lt;b&gt;": subjectaccessreviews\.authorization\.k8s\.io is forbidden/,
  );
});
