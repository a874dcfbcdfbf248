import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect as connectHttp2 } from "node:http2";
import { test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { createRealPlatform, MemoryDisk, MemoryNetwork, silentLog, VirtualClock } from "../../base/index.ts";
import { delegationFlags } from "../delegation/index.ts";
import { Features } from "../features/features.ts";
import { FlagError, parseFlags } from "../flags/index.ts";
import { HealthChecks } from "../health/index.ts";
import { MetricsRegistry, restClientMetrics } from "../metrics/index.ts";
import { type ComponentServer, startComponentServer } from "./component-server.ts";
import { checkServingFlags, servingFlags } from "./flags.ts";

const definitions = { ...servingFlags(10_259), ...delegationFlags({ tolerateLookupFailure: true }) };
const address = { host: "127.0.0.1", port: 10_259 };

function component() {
  const network = new MemoryNetwork();
  const disk = new MemoryDisk(new VirtualClock());
  const platform = { ...createRealPlatform(), network, disk };
  const start = (...args: readonly string[]): Promise<ComponentServer | undefined> => {
    const registry = new MetricsRegistry();
    return startComponentServer(platform, {
      ...{ component: "kube-scheduler", definitions, features: new Features(), registry, log: silentLog, env: {} },
      flags: parseFlags(definitions, ["--bind-address=127.0.0.1", ...args]).values,
      observer: restClientMetrics(registry),
      health: [new HealthChecks("healthz")],
      configuration: () => ({ componentconfig: { kind: "KubeSchedulerConfiguration" } }),
    });
  };
  return { disk, start, dial: (protocol: string) => dial(network, protocol) };
}

async function dial(network: MemoryNetwork, protocol: string): Promise<TLSSocket> {
  const socket = await network.connect(address);
  const secure = connect({ socket, rejectUnauthorized: false, servername: "localhost", ALPNProtocols: [protocol] });
  return new Promise((resolve, reject) => {
    secure.once("error", reject);
    secure.once("secureConnect", () => resolve(secure));
  });
}

async function get(secure: TLSSocket, path: string): Promise<string> {
  const session = connectHttp2("https://localhost", { createConnection: () => secure });
  const stream = session.request({ ":path": path, "user-agent": "test" });
  let [status, body] = [0, ""];
  stream.on("response", (headers) => {
    status = Number(headers[":status"]);
  });
  for await (const chunk of stream.setEncoding("utf8")) body += String(chunk);
  session.destroy();
  return `${status} ${body}`;
}

test("without a certificate one is made; strangers get what is open, over HTTP/2 too", async () => {
  const { start, dial: dialled } = component();
  const server = await start();
  const secure = await dialled("h2");
  const certificate = new X509Certificate(secure.getPeerCertificate().raw);
  assert.match(certificate.subject, /^CN=localhost@\d+$/);
  assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(await get(secure, "/healthz?verbose"), "200 [+]ping ok\nhealthz check passed\n");
  for (const path of ["/metrics", "/metrics/slis", "/configz", "/statusz", "/flagz", "/"]) {
    const answer = await get(await dialled("h2"), path);
    assert.match(answer, /^403 .*forbidden: User \\"system:anonymous\\" cannot get path/, path);
  }
  await server?.close();
  await assert.rejects(dialled("h2"), { code: "ECONNREFUSED" });
});

test("who is let in sees everything; HTTP/2 can be turned off", async () => {
  const { start, dial: dialled } = component();
  const server = await start("--authorization-always-allow-paths=*", "--disable-http2-serving");
  await assert.rejects(dialled("h2"), { code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" });
  (await dialled("http/1.1")).destroy();
  await server?.close();
  const again = await start("--authorization-always-allow-paths=*");
  assert.equal(
    await get(await dialled("h2"), "/configz"),
    '200 {"componentconfig":{"kind":"KubeSchedulerConfiguration"}}',
  );
  assert.match(await get(await dialled("h2"), "/flagz"), /\nauthorization-always-allow-paths=\[\*\]\n/);
  assert.match(await get(await dialled("h2"), "/statusz"), /Paths: \/configz \/flagz \/healthz \/metrics\n/);
  await get(await dialled("h2"), "/healthz");
  const slis = await get(await dialled("h2"), "/metrics/slis");
  assert.match(slis, /^kubernetes_healthchecks_total\{name="ping",type="healthz",status="success"\} 1$/m);
  await again?.close();
});

test("a certificate that was made in --cert-dir is used again", async () => {
  const { disk, start, dial: dialled } = component();
  const shown = async (): Promise<string> => {
    const server = await start("--cert-dir=/certificates");
    const secure = await dialled("h2");
    const { fingerprint } = secure.getPeerCertificate();
    secure.destroy();
    await server?.close();
    return fingerprint;
  };
  const first = await shown();
  assert.equal(await shown(), first);
  const pem = await disk.readText("/certificates/kube-scheduler.crt");
  assert.equal(pem.split("BEGIN CERTIFICATE").length, 3, "with its authority");
  assert.equal(new X509Certificate(pem).fingerprint, first);
  await disk.remove("/certificates/kube-scheduler.key");
  assert.notEqual(await shown(), first);
});

test("port 0 serves nothing", async () => {
  const { start } = component();
  assert.equal(await start("--secure-port=0"), undefined);
});

test("what flags cannot mean is told in upstream's words", () => {
  const check = (...args: readonly string[]) => checkServingFlags(parseFlags(servingFlags(10_259), args).values);
  assert.deepEqual(check("--tls-min-version=VersionTLS13", "--tls-cipher-suites=TLS_RSA_WITH_AES_128_GCM_SHA256"), {
    ...{ minVersion: "TLSv1.3", ciphers: ["AES128-GCM-SHA256"], onlyHttp1: false },
  });
  const wrong = {
    "--secure-port=70000": "--secure-port 70000 must be between 1 and 65535, inclusive. It cannot be turned off with 0",
    "--secure-port=-1": "--secure-port -1 must be between 0 and 65535, inclusive. 0 for turning off secure port",
    "--bind-address=x": 'invalid argument "x" for "--bind-address" flag: failed to parse IP: "x"',
    "--tls-min-version=1.2": 'unknown tls version "1.2"',
    "--tls-cipher-suites=RC4": "Cipher suite RC4 not supported or doesn't exist",
  };
  for (const [arg, message] of Object.entries(wrong)) {
    assert.throws(
      () => check(arg),
      (error) => error instanceof FlagError && error.message === message,
    );
  }
});
