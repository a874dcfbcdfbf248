import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { request } from "node:https";
import { after, before, test } from "node:test";
import { createRealPlatform, type Listener, silentLog } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { CertificateAuthority, createAuthority, type KeyedCertificate } from "../../component/index.ts";
import { accessOf, Auth } from "./auth.ts";
import { HttpError, sendText } from "./exchange.ts";
import { startKubeletServer } from "./server.ts";

const platform = createRealPlatform();
const dayMs = 86_400_000;
const ca = createAuthority({ commonName: "ca" }, dayMs, platform);
const authority = new CertificateAuthority(ca.certificate, createPrivateKey(ca.key), platform);
const issue = (commonName: string, organizations: string[] = []): KeyedCertificate =>
  authority.issue({
    subject: { commonName, organizations },
    validityMs: dayMs,
    usages: ["client auth", "server auth"],
  });
const asked: string[] = [];
let listener: Listener;

/** The API server's part: one token is known, and one user may do one thing. */
const client = {
  resource: ({ resource }: { resource: string }) => ({
    create: async (review: { spec: Record<string, unknown> }) => ({ ...review, status: judge(resource, review.spec) }),
  }),
} as unknown as Client;

function judge(resource: string, spec: Record<string, unknown>): object {
  if (resource === "subjectaccessreviews") return { allowed: allowed(spec) };
  if (spec["token"] !== "good") return { authenticated: false };
  return { authenticated: true, user: { username: "someone", groups: ["system:authenticated"] } };
}

function allowed(spec: Record<string, unknown>): boolean {
  const { verb, subresource, name } = spec["resourceAttributes"] as Record<string, string>;
  asked.push(`${String(spec["user"])} ${verb} nodes/${subresource} ${name}`);
  return spec["user"] === "someone" ? subresource === "metrics" : spec["user"] === "admin";
}

before(async () => {
  const serving = issue("node");
  listener = await startKubeletServer({
    network: platform.network,
    log: silentLog,
    auth: new Auth({
      client,
      clock: platform.clock,
      nodeName: "n1",
      anonymous: false,
      webhook: true,
      authorization: "Webhook",
    }),
    address: "127.0.0.1",
    port: 0,
    certificate: serving.certificate,
    privateKey: serving.key,
    clientCa: ca.certificate,
    handle: async ({ path, response }) => {
      if (path[0] === "broken") throw new Error("broken");
      if (path[0] === "missing") throw new HttpError(404, "nothing here");
      sendText(response, 200, `hello ${path.join("/")}`);
    },
    stream: async () => {
      throw new HttpError(400, "no stream");
    },
  });
});

after(async () => {
  await listener.close();
});

function get(
  path: string,
  options: { token?: string; certificate?: KeyedCertificate; upgrade?: string } = {},
): Promise<string> {
  const { port } = listener.address as { port: number };
  const headers = {
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...(options.upgrade === undefined ? {} : { connection: "Upgrade", upgrade: options.upgrade }),
  };
  const identity =
    options.certificate === undefined ? {} : { cert: options.certificate.certificate, key: options.certificate.key };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port,
        path,
        headers,
        ca: ca.certificate,
        rejectUnauthorized: false,
        agent: false,
        ...identity,
      },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on("data", (part: Buffer) => parts.push(part));
        incoming.on("end", () => resolve(`${incoming.statusCode} ${Buffer.concat(parts).toString().trim()}`));
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

test("nobody gets in without a name", async () => {
  assert.equal(await get("/pods"), "401 Unauthorized");
  assert.equal(await get("/pods", { token: "bad" }), "401 Unauthorized");
});

test("tokens and client certificates are people; the API server says what they may", async () => {
  assert.equal(await get("/metrics", { token: "good" }), "200 hello metrics");
  assert.equal(
    await get("/pods", { token: "good" }),
    "403 Forbidden (user=someone, verb=get, resource=nodes, subresource(s)=[pods proxy])",
  );
  const admin = issue("admin", ["system:masters"]);
  assert.equal(await get("/containerLogs/a/b/c", { certificate: admin }), "200 hello containerLogs/a/b/c");
  const before = asked.length;
  assert.equal(await get("/containerLogs/a/b/c", { certificate: admin }), "200 hello containerLogs/a/b/c");
  assert.equal(asked.length, before, "a decision is kept for a while");
  assert.ok(asked.includes("admin get nodes/proxy n1"));
});

test("a certificate of another authority is nobody's", async () => {
  const other = createAuthority({ commonName: "other" }, dayMs, platform);
  const foreign = new CertificateAuthority(other.certificate, createPrivateKey(other.key), platform);
  const certificate = foreign.issue({ subject: { commonName: "admin" }, validityMs: dayMs, usages: ["client auth"] });
  assert.equal(await get("/pods", { certificate }), "401 Unauthorized");
});

test("what goes wrong has a status, streams too", async () => {
  const certificate = issue("admin");
  assert.equal(await get("/missing", { certificate }), "404 nothing here");
  assert.equal(await get("/broken", { certificate }), "500 broken");
  assert.equal(await get("/exec/a/b/c", { certificate, upgrade: "SPDY/3.1" }), "400 no stream");
  assert.equal(await get("/exec/a/b/c", { upgrade: "SPDY/3.1" }), "401 Unauthorized");
});

test("which subresource of the node a path stands for", () => {
  const of = (method: string, path: string) =>
    `${accessOf(method, path).verb} ${accessOf(method, path).subresources.join()}`;
  assert.equal(of("GET", "/stats/summary"), "get stats");
  assert.equal(of("GET", "/metrics/cadvisor"), "get metrics");
  assert.equal(of("GET", "/healthz/ping"), "get healthz,proxy");
  assert.equal(of("GET", "/podsx"), "get proxy");
  assert.equal(of("GET", "/flagz"), "get configz");
  assert.equal(of("GET", "/statusz"), "get statusz");
  assert.equal(of("POST", "/exec/a/b/c"), "create proxy");
});
