import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { RealClock, RealRandom } from "../../../base/index.ts";
import { CertificateAuthority, createAuthority, MetricsRegistry, restClientMetrics } from "../../../component/index.ts";
import { callObserver } from "./call-metrics.ts";
import { WebhookCaller } from "./caller.ts";

const platform = { clock: new RealClock(), random: new RealRandom() };
const validityMs = 3_600_000;
const keyed = createAuthority({ commonName: "test" }, validityMs, platform);
const authority = new CertificateAuthority(keyed.certificate, createPrivateKey(keyed.key), platform);
const caBundle = Buffer.from(keyed.certificate).toString("base64");
const servers: Server[] = [];
const signal = new AbortController().signal;

async function start(names: { readonly ipAddresses: string[]; readonly dnsNames: string[] } | undefined) {
  const { certificate: cert, key } = authority.issue({
    subject: { commonName: "127.0.0.1" },
    validityMs,
    usages: ["server auth"],
    ...(names === undefined ? {} : { names }),
  });
  const server = createServer({ cert, key }, (request, response) => {
    if (request.url?.startsWith("/broken") === true) response.writeHead(418).end("no");
    else response.end("{}");
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let [named, nameless] = ["", ""];
before(async () => {
  named = await start({ ipAddresses: ["127.0.0.1"], dnsNames: [] });
  nameless = await start(undefined);
});
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

test("calls of webhooks count as the server's own clients do, and certificates without names are told", async () => {
  const registry = new MetricsRegistry();
  const resolver = {
    resolve: () => {
      throw new Error("no Services here");
    },
  };
  const caller = new WebhookCaller(resolver, platform.clock, callObserver(registry, restClientMetrics(registry)));
  const post = (host: string, path: string) =>
    caller.post({ url: `https://${host}${path}`, caBundle }, {}, 5_000, signal);
  assert.deepEqual(await post(named, "/good"), {});
  await assert.rejects(post(named, "/broken"), /failed to call webhook/);
  await assert.rejects(post(nameless, "/good"), /x509/);
  const text = registry.render().body;
  const requests = [...text.matchAll(/^rest_client_requests_total\{code="(.*)",method="POST",host="(.*)"\} (\d+)$/gm)];
  assert.deepEqual(requests.map(([, code, host, count]) => `${code} ${host} ${count}`).sort(), [
    `200 ${named} 1`,
    `418 ${named} 1`,
    `<error> ${nameless} 1`,
  ]);
  assert.match(text, /^apiserver_webhooks_x509_missing_san_total 1$/m);
  assert.match(text, /^apiserver_webhooks_x509_insecure_sha1_total 0$/m);
});
