import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { request } from "node:http";
import { test } from "node:test";
import { connect } from "node:tls";
import { MemoryNetwork, RealClock, RealRandom, silentLog } from "../../base/index.ts";
import { CertificateAuthority, createAuthority, type KeyedCertificate } from "../certificates/index.ts";
import type { DiagnosticsHandler } from "./diagnostics.ts";
import { startDiagnosticsServer } from "./diagnostics-server.ts";

const dayMs = 86_400_000;
const platform = { clock: new RealClock(), random: new RealRandom() };
const address = { host: "10.0.0.1", port: 10259 };

function authority(name: string): CertificateAuthority {
  const { certificate, key } = createAuthority({ commonName: name }, dayMs, platform);
  return new CertificateAuthority(certificate, createPrivateKey(key), platform);
}

test("over TLS a handler sees the client's certificate, whoever signed it", async () => {
  const network = new MemoryNetwork();
  const ca = authority("ca");
  const serving = ca.issue({
    subject: { commonName: "scheduler" },
    validityMs: dayMs,
    usages: ["server auth"],
    names: { dnsNames: ["scheduler"], ipAddresses: [] },
  });
  const whoami: DiagnosticsHandler = async ({ clientCertificates: [leaf] }) => ({
    status: 200,
    contentType: "text/plain; charset=utf-8",
    body: leaf === undefined ? "nobody" : new X509Certificate(leaf).subject,
  });
  const certificate = { certificatePem: serving.certificate, keyPem: serving.key };
  const options = { network, address, log: silentLog, certificate, handlers: [whoami] };
  const listener = await startDiagnosticsServer(options);

  const ask = async (client?: KeyedCertificate): Promise<string> => {
    const stream = await network.connect(address);
    const identity = client === undefined ? {} : { cert: client.certificate, key: client.key };
    const secure = connect({ socket: stream, ca: ca.certificate, servername: "scheduler", ...identity });
    return new Promise((resolve, reject) => {
      secure.on("error", reject);
      const sent = request({ path: "/", createConnection: () => secure, headers: { host: "x" } }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on("end", () => resolve(body));
      });
      sent.on("error", reject);
      sent.end();
    });
  };

  const user = { subject: { commonName: "prometheus" }, validityMs: dayMs, usages: ["client auth"] as const };
  assert.equal(await ask(), "nobody");
  assert.equal(await ask(ca.issue(user)), "CN=prometheus");
  assert.equal(await ask(authority("other").issue({ ...user, subject: { commonName: "stranger" } })), "CN=stranger");
  await listener.close();
});
