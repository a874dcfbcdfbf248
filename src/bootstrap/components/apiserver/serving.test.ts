import assert from "node:assert/strict";
import { createHash, createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type Clock, RealClock, until } from "../../../base/index.ts";
import { type ClosableClient, type KubeconfigUser } from "../../../client/index.ts";
import { CertificateAuthority, createAuthority } from "../../../component/index.ts";
import {
  type HttpsReceiver,
  platform,
  type ReceivedRequest,
  type RunningServer,
  type ServerStore,
  skipEtcd,
  startApiserver,
  startHttpsReceiver,
  startServerStore,
} from "../../../testing/index.ts";

const admin: KubeconfigUser = { token: "secret" };
const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string) => JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
const json = { "content-type": "application/json" };

async function send(client: ClosableClient, method: string, path: string, body?: string, headers = {}) {
  const answer = await client.raw({
    method,
    path,
    headers: { ...json, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { ...answer, text: Buffer.from(answer.body).toString() };
}

/** Our own client would come again after a 429. */
async function curl(token: string, url: string, ...more: string[]) {
  const args = ["-sk", "-i", "-H", `Authorization: Bearer ${token}`, "-H", "Content-Type: application/json", ...more];
  const { stdout } = await platform.processes.run("curl", [...args, url]);
  const [head = "", text = ""] = stdout.split("\r\n\r\n");
  const headers = new Map(
    head
      .split("\r\n")
      .slice(1)
      .map((line): [string, string] => [line.split(":")[0]?.toLowerCase() ?? "", line.slice(line.indexOf(":") + 2)]),
  );
  return { status: Number(/^HTTP\/\S+ (\d+)/.exec(head)?.[1] ?? 0), headers, text };
}

/** A webhook for ConfigMaps that holds every review back until it is told to answer. */
class SlowHook {
  readonly reviews: ReceivedRequest[] = [];
  #open = Promise.withResolvers<void>();
  #receiver: HttpsReceiver | undefined;

  async start(): Promise<string> {
    this.#receiver = await startHttpsReceiver(async (request) => {
      this.reviews.push(request);
      await this.#open.promise;
      const { request: asked } = JSON.parse(request.body) as { request: { uid: string } };
      return {
        kind: "AdmissionReview",
        apiVersion: "admission.k8s.io/v1",
        response: { uid: asked.uid, allowed: true },
      };
    });
    return JSON.stringify({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "slow" },
      webhooks: [
        {
          name: "slow.example.test",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          timeoutSeconds: 30,
          clientConfig: {
            url: `${this.#receiver.origin}/slow`,
            caBundle: Buffer.from(this.#receiver.ca).toString("base64"),
          },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
          objectSelector: { matchLabels: { slow: "yes" } },
        },
      ],
    });
  }

  /** Lets those that wait go, and holds later ones back. */
  release(): void {
    this.#open.resolve();
    this.#open = Promise.withResolvers();
  }

  async stop(): Promise<void> {
    this.release();
    await this.#receiver?.close();
  }

  async reached(count: number): Promise<void> {
    await until(platform.clock, `${count} reviews are asked for`, () => this.reviews.length >= count);
  }
}

/** Real time, but sleeps of one length last until they are told to end. */
class HeldClock extends RealClock {
  readonly #heldMs: number;
  readonly #held = Promise.withResolvers<void>();

  constructor(heldMs: number) {
    super();
    this.#heldMs = heldMs;
  }

  override sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return delayMs === this.#heldMs ? this.#held.promise : super.sleep(delayMs, signal);
  }

  release(): void {
    this.#held.resolve();
  }
}

const slowMap = (name: string) =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { slow: "yes" } } });

describe("an API server as its clients meet it", { skip: skipEtcd }, () => {
  const hook = new SlowHook();
  let etcd: ServerStore;

  before(async () => {
    etcd = await startServerStore();
  });
  after(async () => {
    await hook.stop();
    await etcd?.stop();
  });

  async function withServer(
    flags: readonly string[],
    work: (server: RunningServer, client: ClosableClient) => Promise<void>,
    clock: Clock = platform.clock,
  ): Promise<void> {
    const server = await startApiserver(etcd, ["--authorization-mode=RBAC", ...flags], { clock });
    try {
      await work(server, server.client(admin));
    } finally {
      await server.stop();
    }
  }

  it("asks HTTP/2 clients now and then to connect anew, and fails none of their requests", () =>
    withServer(["--goaway-chance=0.02"], async ({ origin }) => {
      let goaways = 0;
      let session: ClientHttp2Session | undefined;
      const current = (): ClientHttp2Session => {
        if (session !== undefined && !session.closed && !session.destroyed) return session;
        session = connect(origin, { rejectUnauthorized: false });
        session.on("goaway", (code) => {
          assert.equal(code, 0);
          goaways++;
        });
        session.on("error", () => {});
        return session;
      };
      const ask = async (): Promise<number> => {
        const stream = current().request({ ":path": "/version", authorization: "Bearer secret" });
        const [headers] = (await once(stream, "response")) as [{ ":status": number }];
        stream.resume();
        await once(stream, "close");
        return headers[":status"];
      };
      for (let count = 0; count < 3_000 && goaways < 2; count++) assert.equal(await ask(), 200);
      session?.close();
      // Without one in 3,000 is a chance of one in 10²⁶.
      assert.ok(goaways >= 2, `${goaways}`);
    }));

  it("takes a renewed certificate without a restart, and keeps the connections that there are", async () => {
    const names = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
    const authority = createAuthority({ commonName: "test" }, 3_600_000, platform);
    const ca = new CertificateAuthority(authority.certificate, createPrivateKey(authority.key), platform);
    const issue = async (): Promise<string> => {
      const { certificate, key } = ca.issue({
        subject: { commonName: "apiserver" },
        validityMs: 3_600_000,
        usages: ["server auth"],
        names,
      });
      await platform.disk.write(join(etcd.directory, "tls.crt"), certificate);
      // For a moment the two do not go together.
      await platform.clock.sleep(50);
      await platform.disk.write(join(etcd.directory, "tls.key"), key);
      return certificate;
    };
    const first = await issue();
    const flags = [`--tls-cert-file=${etcd.directory}/tls.crt`, `--tls-private-key-file=${etcd.directory}/tls.key`];
    await withServer(flags, async ({ port }, client) => {
      const shown = async (): Promise<string> => {
        const socket: TLSSocket = connectTls({ host: "127.0.0.1", port, ca: authority.certificate });
        await once(socket, "secureConnect");
        const { raw } = socket.getPeerCertificate();
        socket.destroy();
        return createHash("sha256").update(raw).digest("hex");
      };
      const fingerprint = (pem: string): string =>
        createHash("sha256")
          .update(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64"))
          .digest("hex");
      assert.equal(await shown(), fingerprint(first));
      assert.equal((await send(client, "GET", "/version")).status, 200);
      const second = await issue();
      await until(platform.clock, "the new certificate is shown", async () => (await shown()) === fingerprint(second));
      assert.equal((await send(client, "GET", "/version")).status, 200, "on the old connection");
    });
  });

  it("ends what takes too long, and passes a caller's trace on to webhooks", () =>
    withServer([], async (server, client) => {
      const registration = await hook.start();
      const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
      assert.equal((await send(client, "POST", path, registration)).status, 201);
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const traced = send(client, "POST", configMaps, slowMap("traced"), { traceparent });
      await hook.reached(1);
      assert.equal(hook.reviews[0]?.headers["traceparent"], traceparent);
      hook.release();
      assert.equal((await traced).status, 201);
      const startedMs = platform.clock.monotonic();
      const answer = await send(client, "POST", `${configMaps}?timeout=500ms`, slowMap("late"));
      const tookMs = platform.clock.monotonic() - startedMs;
      assert.equal(answer.status, 504);
      const { message, reason } = JSON.parse(answer.text) as { message: string; reason: string };
      assert.equal(reason, "Timeout");
      assert.equal(message, "Timeout: request did not complete within requested timeout - context deadline exceeded");
      assert.ok(tookMs >= 500 && tookMs < 30_000, `${tookMs} ms`);
      assert.equal((await send(client, "POST", `${configMaps}?timeout=soon`, configMap("x"))).status, 400);
    }));

  it("limits requests in flight plainly where priority and fairness is off, but not administrators", () =>
    withServer(
      ["--enable-priority-and-fairness=false", "--max-mutating-requests-inflight=1"],
      async (server, client) => {
        const bind = { subjects: [{ kind: "User", name: "ann", apiGroup: "rbac.authorization.k8s.io" }] };
        const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
        const binding = { metadata: { name: "ann" }, roleRef: role, ...bind };
        const path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        assert.equal((await send(client, "POST", path, JSON.stringify(binding))).status, 201);
        const ann = server.client({ token: "ann-token" });
        const count = hook.reviews.length;
        const slow = send(ann, "POST", configMaps, slowMap("slow-one"));
        await hook.reached(count + 1);
        const refused = await curl("ann-token", server.origin + configMaps, "-d", configMap("two"));
        assert.equal(refused.status, 429);
        assert.equal(refused.headers.get("retry-after"), "1");
        assert.equal(refused.text, "Too many requests, please try again later.\n");
        assert.equal((await send(ann, "GET", configMaps)).status, 200, "reading has a limit of its own");
        assert.equal((await send(client, "POST", configMaps, configMap("three"))).status, 201);
        await platform.clock.sleep(50);
        hook.release();
        assert.equal((await slow).status, 201);
        const { text: shown } = await send(client, "GET", "/metrics");
        const base =
          'group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver"';
        assert.ok(shown.includes(`apiserver_request_terminations_total{verb="POST",${base},code="429"} 1\n`));
        const sum = (name: string, labels: string): number =>
          Number(shown.split(`${name}_sum{verb="POST",${labels}} `)[1]?.split("\n")[0]);
        const all = sum("apiserver_request_duration_seconds", `dry_run="",${base}`);
        const own = sum("apiserver_request_sli_duration_seconds", base);
        assert.ok(own < all - 0.02, `${own} s of ${all} s are the server's own`);
        assert.equal((await send(ann, "GET", "/debug/api_priority_and_fairness/dump_queues")).status, 404);
      },
    ));

  it("ends in upstream's order: not ready, then no new requests, watches ended, answers finished", () => {
    const clock = new HeldClock(71_000);
    return withServer(
      ["--shutdown-delay-duration=71s"],
      async (server, client) => {
        const watching = client.raw({ method: "GET", path: `${configMaps}?watch=1&resourceVersion=0` });
        const count = hook.reviews.length;
        const slow = send(client, "POST", configMaps, slowMap("slow-two"));
        await hook.reached(count + 1);
        server.end();
        const readiness = () => send(client, "GET", "/readyz");
        await until(platform.clock, "it is not ready any more", async () => (await readiness()).status === 500);
        const early = await readiness();
        assert.match(early.text, /\[-\]shutdown failed/);
        assert.equal((await send(client, "GET", configMaps)).status, 200, "still answered in the delay");
        clock.release();
        const watched = await watching;
        assert.equal(watched.status, 200, "the watch ended as a whole answer");
        assert.match(Buffer.from(watched.body).toString(), /"type":"ADDED"/);
        const late = await curl("secret", server.origin + configMaps);
        assert.equal(late.status, 429);
        assert.equal(late.headers.get("retry-after"), "5");
        hook.release();
        assert.equal((await slow).status, 201, "what was under way is finished");
        assert.equal(await server.ended, 0);
      },
      clock,
    );
  });

  it("shows levels, queues and requests of priority and fairness", () =>
    withServer([], async (_server, client) => {
      const dump = async (name: string): Promise<string[]> => {
        const { status, text } = await send(client, "GET", `/debug/api_priority_and_fairness/${name}`);
        assert.equal(status, 200);
        return text.trimEnd().split("\n");
      };
      const levels = await dump("dump_priority_levels");
      assert.match(levels[0] ?? "", /^PriorityLevelName, +ActiveQueues, +IsIdle, +IsQuiescing, +WaitingRequests, /);
      assert.deepEqual(
        levels
          .slice(1)
          .map((line) => line.split(",")[0])
          .sort(),
        [
          "catch-all",
          "exempt",
          "global-default",
          "leader-election",
          "node-high",
          "system",
          "workload-high",
          "workload-low",
        ],
      );
      assert.match((await dump("dump_queues"))[0] ?? "", /^PriorityLevelName, +Index, +PendingRequests, /);
      assert.match((await dump("dump_requests"))[0] ?? "", /^PriorityLevelName, +FlowSchemaName, +QueueIndex, /);
      const detailed = await dump("dump_requests?includeRequestDetails=1");
      assert.match(detailed[0] ?? "", /, +UserName, +Verb, +APIPath, /);
    }));
});
