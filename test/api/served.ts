import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createStandardServer,
  type HttpServer,
  listenHttp,
  type StandardServerOptions,
} from "../../src/apiserver/index.ts";
import { createRealPlatform, type Finished, silentLog, until } from "../../src/base/index.ts";
import { CertificateAuthority, createAuthority, generateKey, privateKeyPem } from "../../src/component/index.ts";
import { createMemoryStore } from "../../src/storage/index.ts";

const platform = createRealPlatform();
const hourMs = 3_600_000;
const host = "127.0.0.1";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  json(): Record<string, unknown>;
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The standard API server over TLS on loopback, with an administrator's kubeconfig for independent clients. */
export class ServedApi {
  readonly directory = mkdtempSync(join(tmpdir(), "k8ts-api-"));
  readonly kubeconfig = join(this.directory, "kubeconfig");
  readonly #store = createMemoryStore({ clock: platform.clock });
  readonly #stopping = new AbortController();
  #tls = { ca: "", cert: "", key: "" };
  #http: HttpServer | undefined;
  #running: Promise<void> = Promise.resolve();
  #port = 0;

  async start(more: Pick<StandardServerOptions, "audit"> = {}): Promise<void> {
    const keyed = createAuthority({ commonName: "kubernetes" }, hourMs, platform);
    const ca = new CertificateAuthority(keyed.certificate, createPrivateKey(keyed.key), platform);
    const names = { dnsNames: ["localhost"], ipAddresses: [host] };
    const serving = ca.issue({
      subject: { commonName: "apiserver" },
      validityMs: hourMs,
      usages: ["server auth"],
      names,
    });
    const subject = { commonName: "admin", organizations: ["system:masters"] };
    const client = ca.issue({ subject, validityMs: hourMs, usages: ["client auth"] });
    const { server } = createStandardServer({
      ...platform,
      store: this.#store,
      log: silentLog,
      clientCa: keyed.certificate,
      serviceAccounts: {
        signingKey: privateKeyPem(generateKey().privateKey),
        verificationKeys: [],
        issuers: ["https://kubernetes.default.svc"],
        audiences: [],
      },
      ...more,
    });
    this.#running = server.run(this.#stopping.signal);
    await server.started;
    const tls = { key: serving.key, cert: serving.certificate, clientCa: keyed.certificate };
    this.#http = await listenHttp({ host, port: 0, tls, handler: server.handler });
    this.#port = this.#http.port;
    this.#tls = { ca: keyed.certificate, cert: client.certificate, key: client.key };
    writeFileSync(this.kubeconfig, this.#config());
  }

  async stop(): Promise<void> {
    await this.#http?.close(100);
    this.#stopping.abort();
    await this.#running;
    await this.#store.close();
    rmSync(this.directory, { recursive: true });
  }

  /** Upstream's kubectl; whatever it ends with. */
  run(args: readonly string[], stdin?: string): Promise<Finished> {
    const env = { ...process.env, KUBECONFIG: this.kubeconfig, HOME: this.directory, KUBECTL_EXTERNAL_DIFF: "diff -u" };
    return platform.processes.run("kubectl", args, {
      env,
      timeoutMs: 180_000,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  async kubectl(args: string, stdin?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(args.split(" "), stdin);
    assert.equal(code, 0, `kubectl ${args}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Upstream's kubectl while it goes on: `seen` resolves once it has written so many lines. */
  follow(args: readonly string[]) {
    const env = { ...process.env, KUBECONFIG: this.kubeconfig, HOME: this.directory };
    const running = platform.processes.spawn("kubectl", args, { env });
    let written = "";
    running.stdout?.on("data", (chunk: Buffer) => (written += chunk.toString()));
    return {
      seen: async (lines: number): Promise<string> => {
        await until(platform.clock, `${lines} lines`, () => written.split("\n").length > lines);
        return written;
      },
      end: async (): Promise<void> => {
        running.kill("SIGKILL");
        await running.exited;
      },
    };
  }

  /** What kubectl says when it fails. */
  async refused(args: string, stdin?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(args.split(" "), stdin);
    assert.notEqual(code, 0, `kubectl ${args} succeeded: ${stdout}`);
    return stderr;
  }

  /** One request over HTTP/1.1, its whole answer. */
  send({ method = "GET", path, headers = {}, body }: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { host, port: this.#port, path, method, headers, ...this.#tls, agent: false as const };
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.once("error", reject);
        incoming.once("end", () => {
          const whole = Buffer.concat(chunks);
          const json = (): Record<string, unknown> => JSON.parse(whole.toString()) as Record<string, unknown>;
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: whole, json });
        });
      });
      outgoing.once("error", reject);
      outgoing.end(body);
    });
  }

  #config(): string {
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const { ca, cert, key } = this.#tls;
    const server = `https://${host}:${this.#port}`;
    const user = { "client-certificate-data": base64(cert), "client-key-data": base64(key) };
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "api", cluster: { server, "certificate-authority-data": base64(ca) } }],
      users: [{ name: "admin", user }],
      contexts: [{ name: "api", context: { cluster: "api", user: "admin" } }],
      "current-context": "api",
    });
  }
}
