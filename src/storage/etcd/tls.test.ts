import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { RealClock, RealProcesses } from "../../base/index.ts";
import { type EtcdServer, eventually, skipEtcd, startEtcd } from "../../testing/index.ts";
import { freshPrefix, keysBelow, put } from "../conformance/engine.ts";
import type { EtcdTls } from "./connection.ts";
import { connectEtcdStore } from "./connect.ts";

const clock = new RealClock();
const processes = new RealProcesses();

/** A certificate authority, and a certificate for 127.0.0.1 that is good for servers and clients. */
async function makeCertificates(directory: string): Promise<void> {
  const openssl = async (...args: string[]) => {
    const { code, stderr } = await processes.run("openssl", args, { cwd: directory });
    assert.equal(code, 0, stderr);
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test-ca", "-days", "2");
  await openssl("req", ...key, "-keyout", "peer.key", "-out", "peer.csr", "-subj", "/CN=peer");
  const extensions = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n";
  await writeFile(join(directory, "extensions"), extensions);
  const sign = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions", "-days", "2"];
  await openssl("x509", "-req", "-in", "peer.csr", "-out", "peer.crt", ...sign);
}

describe("etcd over TLS", { skip: skipEtcd }, () => {
  let directory = "";
  let servers: EtcdServer[] = [];
  let tls: Required<EtcdTls>;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "k8ts-tls-"));
    await makeCertificates(directory);
    const file = (name: string) => join(directory, name);
    const [certificateAuthority, certificate, key] = await Promise.all(
      ["ca.crt", "peer.crt", "peer.key"].map((name) => readFile(file(name))),
    );
    assert.ok(certificateAuthority && certificate && key);
    tls = { certificateAuthority, certificate, key };
    const files = [
      "--cert-file",
      file("peer.crt"),
      "--key-file",
      file("peer.key"),
      "--trusted-ca-file",
      file("ca.crt"),
    ];
    servers = await startEtcd({ flags: [...files, "--client-cert-auth"], scheme: "https" });
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.remove()));
    await rm(directory, { recursive: true });
  });

  it("accepts a client with a certificate, and no other", async () => {
    const endpoints = servers.map(({ endpoint }) => endpoint);
    const store = await eventually(() => connectEtcdStore({ clock, endpoints, tls, requestTimeoutMs: 30_000 }));
    const prefix = freshPrefix();
    await put(store, `${prefix}a`, "1");
    assert.deepEqual(await keysBelow(store, prefix), ["a"]);
    await store.close();
    const { certificateAuthority } = tls;
    const anonymous = { clock, endpoints, tls: { certificateAuthority }, requestTimeoutMs: 500 };
    await assert.rejects(connectEtcdStore(anonymous), { name: "StoreUnavailableError" });
    const untrusting = {
      clock,
      endpoints,
      tls: { ...tls, certificateAuthority: tls.certificate },
      requestTimeoutMs: 500,
    };
    await assert.rejects(connectEtcdStore(untrusting), { name: "StoreUnavailableError" });
  });
});
