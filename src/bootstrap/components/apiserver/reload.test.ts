import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until as untilIt } from "../../../base/index.ts";
import type { KubeconfigUser } from "../../../client/index.ts";
import { CertificateAuthority, createAuthority } from "../../../component/index.ts";
import {
  type Issuer,
  platform,
  type RunningServer,
  type ServerStore,
  skipEtcd,
  startApiserver,
  startIssuer,
  startServerStore,
} from "../../../testing/index.ts";

const validityMs = 3_600_000;
const authenticationFailures =
  /apiserver_authentication_config_controller_automatic_reloads_total\{status="failure"\} [1-9]/;

interface KeyedAuthority {
  readonly pem: string;
  user(name: string): KubeconfigUser;
}

function authority(commonName: string): KeyedAuthority {
  const keyed = createAuthority({ commonName }, validityMs, platform);
  const signer = new CertificateAuthority(keyed.certificate, createPrivateKey(keyed.key), platform);
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return {
    pem: keyed.certificate,
    user(name) {
      const { certificate, key } = signer.issue({ subject: { commonName: name }, validityMs, usages: ["client auth"] });
      return { "client-certificate-data": base64(certificate), "client-key-data": base64(key) };
    },
  };
}

function configuration(...issuers: readonly Issuer[]): string {
  const jwt = issuers.map(({ receiver }) => ({
    issuer: { url: receiver.origin, certificateAuthority: receiver.ca, audiences: ["kubernetes"] },
    claimMappings: { username: { claim: "sub", prefix: "" } },
  }));
  return JSON.stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration", jwt });
}

describe("who is who, by files that change", { skip: skipEtcd }, () => {
  const [first, second, proxies] = [authority("first"), authority("second"), authority("proxies")];
  let etcd: ServerStore;
  let server: RunningServer;
  let issuer: Issuer;
  const file = (name: string): string => join(etcd.directory, name);

  before(async () => {
    etcd = await startServerStore();
    issuer = await startIssuer();
    await platform.disk.write(file("authentication.yaml"), configuration());
    await platform.disk.write(file("clients.pem"), first.pem);
    await platform.disk.write(file("proxies.pem"), first.pem);
    server = await startApiserver(etcd, [
      `--authentication-config=${file("authentication.yaml")}`,
      `--client-ca-file=${file("clients.pem")}`,
      `--requestheader-client-ca-file=${file("proxies.pem")}`,
      "--requestheader-username-headers=x-remote-user",
      "--authorization-mode=AlwaysAllow",
    ]);
  });
  after(async () => {
    await server?.stop();
    await issuer?.receiver.close();
    await etcd?.stop();
  });

  const until = (what: string, done: () => Promise<boolean>) => untilIt(platform.clock, what, done);
  const statusFor = async (user: KubeconfigUser, headers: Record<string, string> = {}): Promise<number> => {
    const client = server.client(user);
    const { status } = await client.raw({ method: "GET", path: "/api/v1/namespaces/default", headers });
    client.close();
    return status;
  };
  const text = async (path: string): Promise<string> =>
    Buffer.from((await server.admin.raw({ method: "GET", path })).body).toString();

  it("takes issuers as the file names them, and a mistake changes nothing", async () => {
    const bob = { token: await issuer.token({}, "1h") };
    assert.equal(await statusFor(bob), 401);
    await platform.disk.write(file("authentication.yaml"), configuration(issuer));
    await until("bob is known", async () => (await statusFor(bob)) === 200);
    await platform.disk.write(file("authentication.yaml"), '{"kind":"Nonsense"}');
    await until("the mistake is noticed", async () => authenticationFailures.test(await text("/metrics")));
    assert.equal(await statusFor(bob), 200);
    await platform.disk.write(file("authentication.yaml"), configuration());
    await until("bob is a stranger again", async () => (await statusFor(bob)) === 401);
  });

  it("shows how long certificates are good, and handshakes that failed", async () => {
    assert.equal(await statusFor(first.user("ann")), 200);
    const socket = connect(server.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\n\r\n"));
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
    const shown = await text("/metrics");
    assert.match(shown, /^apiserver_tls_handshake_errors_total 1$/m);
    const bucket = (seconds: number): string =>
      `apiserver_client_certificate_expiration_seconds_bucket{le="${seconds}"} `;
    assert.ok(shown.includes(`${bucket(1800)}0\n`));
    assert.ok(shown.includes(`${bucket(3600)}1\n`));
  });

  it("trusts the authorities that the file holds now, also on connections that are open", async () => {
    const ann = server.client(first.user("ann"));
    const asAnn = async (): Promise<number> =>
      (await ann.raw({ method: "GET", path: "/api/v1/namespaces/default" })).status;
    assert.equal(await asAnn(), 200);
    assert.equal(await statusFor(second.user("bob")), 401);
    await platform.disk.write(file("clients.pem"), second.pem);
    await until("bob is known", async () => (await statusFor(second.user("bob"))) === 200);
    assert.equal(await asAnn(), 401);
    const published = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
    const data = async () => (JSON.parse(await text(published)) as { data: Record<string, string> }).data;
    await until("extension servers are told", async () => (await data())["client-ca-file"] === second.pem);
    await platform.disk.write(file("clients.pem"), "nothing of use");
    await platform.disk.write(file("proxies.pem"), proxies.pem);
    await platform.clock.sleep(200);
    assert.equal(await statusFor(second.user("bob")), 200);
    await platform.disk.write(file("clients.pem"), `${first.pem}${second.pem}`);
    await until("ann is known again", async () => (await asAnn()) === 200);
    await until("and so are proxies", async () => (await data())["requestheader-client-ca-file"] === proxies.pem);
    assert.equal(await statusFor(proxies.user("proxy"), { "x-remote-user": "carl" }), 200);
  });
});
