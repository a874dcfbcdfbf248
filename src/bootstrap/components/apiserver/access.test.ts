import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { until } from "../../../base/index.ts";
import type { ReviewSpec, ReviewStatus } from "../../../apiserver/index.ts";
import type { ClosableClient } from "../../../client/index.ts";
import {
  type HttpsReceiver,
  type Issuer,
  platform,
  type RunningServer,
  type ServerStore,
  skipEtcd,
  startApiserver,
  startHttpsReceiver,
  startIssuer,
  startServerStore,
  webhookKubeconfig,
} from "../../../testing/index.ts";

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: ReviewSpec & { readonly group?: readonly string[] };
}

const pods = "/api/v1/namespaces/default/pods";
const annsToken = { token: "ann-token" };

async function get(client: ClosableClient, path: string) {
  const { status, body } = await client.raw({ method: "GET", path });
  return { status, text: Buffer.from(body).toString() };
}

async function metricsOf({ admin }: RunningServer): Promise<string> {
  return (await get(admin, "/metrics")).text;
}

/** An authorization webhook that says what it is told to, and remembers what it was asked. */
class Judge {
  readonly asked: Review[] = [];
  answer: (spec: ReviewSpec) => ReviewStatus = () => ({ allowed: false });
  status = 200;
  #receiver: HttpsReceiver | undefined;

  async start(): Promise<string> {
    const judge = (body: string) => {
      const review = JSON.parse(body) as Review;
      this.asked.push(review);
      return { ...review, status: this.answer(review.spec) };
    };
    this.#receiver = await startHttpsReceiver(
      ({ body }) => judge(body),
      () => this.status,
    );
    return webhookKubeconfig(this.#receiver, "/authorize");
  }

  async stop(): Promise<void> {
    await this.#receiver?.close();
  }
}

/** What upstream's client learns of a token's user. */
async function whoAmI({ origin }: RunningServer, token: string): Promise<string> {
  const { code, stdout, stderr } = await platform.processes.run("env", [
    "KUBECONFIG=/dev/null",
    ...["kubectl", "auth", "whoami", "-o", "json", `--token=${token}`],
    ...[`--server=${origin}`, "--insecure-skip-tls-verify", "--cache-dir=/dev/null"],
  ]);
  if (code !== 0) return stderr;
  const { status } = JSON.parse(stdout) as { status: { userInfo: Record<string, unknown> } };
  const { username, uid = "", groups, extra = {} } = status.userInfo;
  const more = JSON.stringify(extra);
  return [username, uid, String(groups), more === "{}" ? "" : more].filter((part) => part !== "").join(" ");
}

describe("who may do what, by the server's flags", { skip: skipEtcd }, () => {
  const judge = new Judge();
  let etcd: ServerStore;
  let server: RunningServer;
  let issuer: Issuer;

  before(async () => {
    etcd = await startServerStore();
    issuer = await startIssuer();
    const { directory } = etcd;
    await writeFile(join(directory, "judge.yaml"), await judge.start());
    await writeFile(join(directory, "issuer.pem"), issuer.receiver.ca);
    await writeFile(
      join(directory, "authorization.yaml"),
      JSON.stringify({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "AuthorizationConfiguration",
        authorizers: [
          {
            type: "Webhook",
            name: "judge",
            webhook: {
              timeout: "30s",
              subjectAccessReviewVersion: "v1",
              matchConditionSubjectAccessReviewVersion: "v1",
              failurePolicy: "NoOpinion",
              connectionInfo: { type: "KubeConfigFile", kubeConfigFile: join(directory, "judge.yaml") },
              matchConditions: [
                { expression: "has(request.resourceAttributes)" },
                { expression: "request.resourceAttributes.resource != 'secrets'" },
              ],
            },
          },
          { type: "Node", name: "node" },
          { type: "RBAC", name: "rbac" },
        ],
      }),
    );
    server = await startApiserver(etcd, [
      `--authorization-config=${directory}/authorization.yaml`,
      `--oidc-issuer-url=${issuer.receiver.origin}`,
      "--oidc-client-id=kubernetes",
      `--oidc-ca-file=${directory}/issuer.pem`,
      "--oidc-username-prefix=oidc:",
      "--oidc-groups-claim=teams",
      "--oidc-groups-prefix=oidc:",
      "--oidc-required-claim=tier=gold",
    ]);
  });
  after(async () => {
    await server?.stop();
    await judge.stop();
    await issuer?.receiver.close();
    await etcd?.stop();
  });

  it("asks a webhook over HTTPS, and remembers what it said", async () => {
    const ann = server.client(annsToken);
    judge.answer = ({ user }) => ({ allowed: user === "ann" });
    judge.asked.length = 0;
    const path = `${pods}?labelSelector=app%3Dweb&fieldSelector=spec.nodeName!%3Dn`;
    assert.equal((await get(ann, path)).status, 200);
    assert.equal((await get(ann, path)).status, 200);
    assert.equal(judge.asked.length, 1);
    assert.deepEqual(judge.asked[0], {
      kind: "SubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      metadata: { creationTimestamp: null },
      spec: {
        resourceAttributes: {
          namespace: "default",
          verb: "list",
          version: "v1",
          resource: "pods",
          fieldSelector: { requirements: [{ key: "spec.nodeName", operator: "NotIn", values: ["n"] }] },
          labelSelector: { requirements: [{ key: "app", operator: "In", values: ["web"] }] },
        },
        user: "ann",
        uid: "2",
        groups: ["team", "system:authenticated"],
      },
      status: { allowed: false },
    });
    const shown = await metricsOf(server);
    assert.match(shown, /^rest_client_requests_total\{code="200",method="POST",host="127\.0\.0\.1:\d+"\} [1-9]/m);
    assert.match(shown, /^apiserver_authorization_webhook_evaluations_total\{result="success",name="judge"\} \d+$/m);
    assert.match(
      shown,
      /^apiserver_authorization_decisions_total\{type="Webhook",name="judge",decision="allowed"\} [1-9]/m,
    );
  });

  it("refuses in the webhook's words", async () => {
    const ann = server.client(annsToken);
    judge.answer = () => ({ allowed: false, denied: true, reason: "not on Sundays" });
    const { status, text } = await get(ann, "/api/v1/namespaces/default/configmaps");
    assert.equal(status, 403);
    assert.equal(
      (JSON.parse(text) as { message: string }).message,
      'configmaps is forbidden: User "ann" cannot list resource "configmaps" in API group "" in the namespace "default": not on Sundays',
    );
  });

  it("does not ask about what the conditions leave out", async () => {
    const ann = server.client(annsToken);
    judge.answer = () => ({ allowed: true });
    judge.asked.length = 0;
    assert.equal((await get(ann, "/api/v1/namespaces/default/secrets")).status, 403);
    assert.equal((await get(ann, "/api")).status, 200);
    assert.equal(judge.asked.length, 0);
    assert.match(
      await metricsOf(server),
      /^apiserver_authorization_match_condition_exclusions_total\{type="Webhook",name="judge"\} [1-9]/m,
    );
  });

  it("tells a webhook's failure from a refusal", async () => {
    const ann = server.client(annsToken);
    judge.status = 418;
    const { status, text } = await get(ann, "/api/v1/namespaces/default/services");
    judge.status = 200;
    assert.equal(status, 500);
    assert.match(text, /^Internal Server Error: "\/api\/v1\/namespaces\/default\/services": the webhook answered 418/);
    assert.match(
      await metricsOf(server),
      /^apiserver_authorization_webhook_evaluations_fail_open_total\{result="error",name="judge"\} [1-9]/m,
    );
  });

  it("knows the users of an OpenID issuer by their tokens", async () => {
    const whoami = (token: string): Promise<string> => whoAmI(server, token);
    const claims = { teams: ["red", "blue"], tier: "gold" };
    assert.equal(await whoami(await issuer.token(claims, "1h")), "oidc:bob oidc:red,oidc:blue,system:authenticated");
    assert.match(await whoami(await issuer.token({ ...claims, tier: "tin" }, "1h")), /Unauthorized/);
    assert.match(await whoami(await issuer.token(claims, "-1m")), /Unauthorized/);
    assert.match(await whoami(await issuer.token(claims, "1h", "another")), /Unauthorized/);
  });

  it("takes a browser's token from the sub-protocols of a WebSocket", async () => {
    const answerTo = async (token: string): Promise<number | undefined> => {
      const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString("base64url")}`;
      const url = `wss://127.0.0.1:${server.port}${pods}/none/exec?command=id&stdout=true`;
      const socket = new WebSocket(url, [protocol, "v5.channel.k8s.io"], { rejectUnauthorized: false });
      const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
      socket.on("error", () => {});
      socket.terminate();
      return response.statusCode;
    };
    assert.equal(await answerTo("secret"), 404, "there is no such pod");
    assert.equal(await answerTo("wrong"), 401);
  });
});

describe("who may do what, by a file that changes", { skip: skipEtcd }, () => {
  let etcd: ServerStore;
  let server: RunningServer;
  const config = (...types: string[]): string =>
    JSON.stringify({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AuthorizationConfiguration",
      authorizers: types.map((type) => ({ type, name: type.toLowerCase() })),
    });

  before(async () => {
    etcd = await startServerStore();
    await writeFile(join(etcd.directory, "authorization.yaml"), config("RBAC"));
    server = await startApiserver(etcd, [`--authorization-config=${etcd.directory}/authorization.yaml`]);
  });
  after(async () => {
    await server?.stop();
    await etcd?.stop();
  });

  it("is read again, and a mistake in it changes nothing", async () => {
    const ann = server.client(annsToken);
    const becomes = (wanted: number) =>
      until(platform.clock, `becomes ${wanted}`, async () => (await get(ann, pods)).status === wanted);
    assert.equal((await get(ann, pods)).status, 403);
    await platform.disk.write(join(etcd.directory, "authorization.yaml"), config("RBAC", "AlwaysAllow"));
    await becomes(200);
    await platform.disk.write(join(etcd.directory, "authorization.yaml"), config("Nonsense"));
    const failed = /apiserver_authorization_config_controller_automatic_reloads_total\{status="failure"\} [1-9]/;
    await until(platform.clock, "the mistake is noticed", async () => failed.test(await metricsOf(server)));
    assert.equal((await get(ann, pods)).status, 200);
    await platform.disk.write(join(etcd.directory, "authorization.yaml"), config("RBAC"));
    await becomes(403);
  });
});

describe("who may do what, by a file of policies", { skip: skipEtcd }, () => {
  let etcd: ServerStore;
  let server: RunningServer;

  before(async () => {
    etcd = await startServerStore();
    const policies = [
      "# readers",
      '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"ann","namespace":"default","resource":"pods","apiGroup":"","readonly":true}}',
    ];
    await writeFile(join(etcd.directory, "policies.jsonl"), `${policies.join("\n")}\n`);
    server = await startApiserver(etcd, [
      "--authorization-mode=ABAC,AlwaysDeny",
      `--authorization-policy-file=${etcd.directory}/policies.jsonl`,
    ]);
  });
  after(async () => {
    await server?.stop();
    await etcd?.stop();
  });

  it("lets through what a policy says, and says why it does not", async () => {
    const ann = server.client(annsToken);
    assert.equal((await get(ann, pods)).status, 200);
    const { status, text } = await get(ann, "/api/v1/namespaces/kube-system/pods");
    assert.equal(status, 403);
    assert.match(
      (JSON.parse(text) as { message: string }).message,
      /: No policy matched\.\nEverything is forbidden\.$/,
    );
    const { status: created } = await ann.raw({ method: "POST", path: pods, body: "{}" });
    assert.equal(created, 403);
    assert.equal((await get(server.admin, "/api/v1/nodes")).status, 200);
  });
});

describe("who somebody is, by a file of issuers and a webhook", { skip: skipEtcd }, () => {
  const reviewed: string[] = [];
  let etcd: ServerStore;
  let server: RunningServer;
  let issuer: Issuer;
  let webhook: HttpsReceiver;

  before(async () => {
    etcd = await startServerStore();
    issuer = await startIssuer();
    webhook = await startHttpsReceiver(({ body }) => {
      const review = JSON.parse(body) as { apiVersion: string; spec: { token: string } };
      reviewed.push(`${review.apiVersion} ${review.spec.token}`);
      const user = { username: "carol", uid: "7", groups: ["ops"], extra: { scopes: ["a"] } };
      return { ...review, status: review.spec.token === "carols" ? { authenticated: true, user } : {} };
    });
    const { directory } = etcd;
    await writeFile(join(directory, "tokens.yaml"), webhookKubeconfig(webhook, "/review"));
    await writeFile(
      join(directory, "authentication.yaml"),
      JSON.stringify({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "AuthenticationConfiguration",
        jwt: [
          {
            issuer: {
              url: issuer.receiver.origin,
              certificateAuthority: issuer.receiver.ca,
              audiences: ["kubernetes"],
            },
            claimValidationRules: [{ expression: "claims.exp - claims.nbf <= 86400", message: "one day at most" }],
            claimMappings: {
              username: { expression: "'jwt:' + claims.sub" },
              groups: { expression: "claims.roles.split(',')" },
              uid: { claim: "oid" },
              extra: [{ key: "example.com/tenant", valueExpression: "claims.tenant" }],
            },
            userValidationRules: [{ expression: "!user.groups.exists(g, g.startsWith('system:'))", message: "no" }],
          },
        ],
        anonymous: { enabled: true, conditions: [{ path: "/livez" }] },
      }),
    );
    server = await startApiserver(etcd, [
      "--authorization-mode=RBAC",
      `--authentication-config=${directory}/authentication.yaml`,
      `--authentication-token-webhook-config-file=${directory}/tokens.yaml`,
      "--authentication-token-webhook-version=v1",
    ]);
  });
  after(async () => {
    await server?.stop();
    await issuer?.receiver.close();
    await webhook?.close();
    await etcd?.stop();
  });

  it("maps claims by expressions, and refuses what rules refuse", async () => {
    const nbf = Math.floor(platform.clock.now() / 1000) - 60;
    const claims = { nbf, roles: "red,blue", oid: "42", tenant: ["north", "south"] };
    assert.equal(
      await whoAmI(server, await issuer.token(claims, "1h")),
      'jwt:bob 42 red,blue,system:authenticated {"example.com/tenant":["north","south"]}',
    );
    assert.match(await whoAmI(server, await issuer.token(claims, "2d")), /Unauthorized/);
    const masters = { ...claims, roles: "red,system:masters" };
    assert.match(await whoAmI(server, await issuer.token(masters, "1h")), /Unauthorized/);
    assert.match(await whoAmI(server, await issuer.token({ nbf, oid: "42" }, "1h")), /Unauthorized/);
  });

  it("asks a webhook about other tokens, and remembers what it said", async () => {
    const told = 'carol 7 ops,system:authenticated {"scopes":["a"]}';
    assert.equal(await whoAmI(server, "carols"), told);
    const count = reviewed.length;
    assert.equal(await whoAmI(server, "carols"), told);
    assert.equal(reviewed.length, count);
    assert.ok(reviewed.includes("authentication.k8s.io/v1 carols"));
    assert.match(await whoAmI(server, "nobodys"), /Unauthorized/);
  });

  it("lets nobody in but where the file says so", async () => {
    const stranger = server.client({});
    assert.equal((await get(stranger, "/livez")).status, 200);
    assert.equal((await get(stranger, "/readyz")).status, 401);
  });
});
