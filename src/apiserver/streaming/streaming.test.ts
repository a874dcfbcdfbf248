import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { WebSocket } from "ws";
import type { KubeObject } from "../../apimachinery/index.ts";
import { RealClock, RealNetwork, RealRandom, silentLog } from "../../base/index.ts";
import { CertificateAuthority, createAuthority } from "../../component/index.ts";
import { createMemoryStore } from "../../storage/index.ts";
import type { Authorizer } from "../authz/contract.ts";
import { listenHttp, type TlsIdentity } from "../http/server.ts";
import { createLocalClient } from "../local/local-client.ts";
import { createApiServer } from "../server.ts";

const platform = { clock: new RealClock(), random: new RealRandom() };
const validityMs = 3_600_000;

function identities(): { readonly server: TlsIdentity; readonly client: TlsIdentity; readonly ca: string } {
  const keyed = createAuthority({ commonName: "test" }, validityMs, platform);
  const authority = new CertificateAuthority(keyed.certificate, createPrivateKey(keyed.key), platform);
  const names = { ipAddresses: ["127.0.0.1"], dnsNames: [] };
  const server = authority.issue({ subject: { commonName: "server" }, validityMs, usages: ["server auth"], names });
  const client = authority.issue({ subject: { commonName: "apiserver" }, validityMs, usages: ["client auth"] });
  return {
    server: { key: server.key, cert: server.certificate, clientCa: keyed.certificate },
    client: { key: client.key, cert: client.certificate },
    ca: keyed.certificate,
  };
}

/** A kubelet that logs its URL, echoes what is sent to exec, and demands a client certificate. */
async function startKubelet(identity: TlsIdentity): Promise<Server> {
  const options = {
    key: identity.key,
    cert: identity.cert,
    ca: identity.clientCa,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = createServer(options, (incoming, response) => {
    const { url = "" } = incoming;
    if (url.startsWith("/page")) {
      const page = gzipSync(`<a href="/x">${String(incoming.headers["x-forwarded-uri"])}</a>`);
      const html = { "content-type": "text/html; charset=utf-8", "content-encoding": "gzip" };
      response.writeHead(200, { ...html, "content-length": page.length, "access-control-allow-origin": "*" }).end(page);
    } else if (url === "/moved") response.writeHead(302, { location: "/there" }).end();
    else if (incoming.url?.includes("broken") === true) response.writeHead(400).end("container is waiting to start");
    else response.end(`log of ${incoming.url}`);
  });
  server.on("upgrade", (incoming, socket: Duplex) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${incoming.headers.upgrade}\r\nConnection: Upgrade\r\nX-Url: ${incoming.url}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

interface Setup {
  readonly port: number;
  raw(path: string): Promise<{ readonly status: number; readonly text: string }>;
}

async function withPod(
  work: (setup: Setup) => Promise<void>,
  authorizer?: Authorizer,
  asksCreateForStreams = true,
  mayProxyTo: (address: string) => boolean = () => true,
): Promise<void> {
  const { server: identity, client, ca } = identities();
  const kubelet = await startKubelet(identity);
  const store = createMemoryStore(platform);
  const user = { name: "admin", groups: ["system:masters"] };
  const server = createApiServer({
    ...platform,
    log: silentLog,
    store,
    authenticator: { name: "test", authenticate: () => ({ type: "authenticated", user }) },
    ...(authorizer === undefined ? {} : { authorizer }),
    asksCreateForStreams,
    runtime: { nodeVersion: "26", architecture: "x64" },
    kubelets: {
      network: new RealNetwork(),
      credentials: { certificate: client.cert, key: client.key, ca },
      mayProxyTo,
    },
  });
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  const http = await listenHttp({ host: "127.0.0.1", port: 0, tls: identity, handler: server.handler });
  try {
    const local = createLocalClient(server, { user, userAgent: "test" });
    const nodes = local.resource<KubeObject & { spec: unknown; status?: unknown }>({
      group: "",
      version: "v1",
      resource: "nodes",
    });
    const node = await nodes.create({ metadata: { name: "n1" }, spec: {} });
    const kubeletEndpoint = { Port: (kubelet.address() as AddressInfo).port };
    await nodes.updateStatus({
      ...node,
      status: { addresses: [{ type: "InternalIP", address: "127.0.0.1" }], daemonEndpoints: { kubeletEndpoint } },
    });
    const pods = local
      .resource<KubeObject & { spec: unknown }>({ group: "", version: "v1", resource: "pods" })
      .namespace("default");
    const containers = ["a", "broken"].map((name) => ({ name, image: "x" }));
    await pods.create({ metadata: { name: "web" }, spec: { nodeName: "n1", containers } });
    await work({
      port: http.port,
      raw: async (path) => {
        const { status, body } = await local.raw({ method: "GET", path });
        return { status, text: Buffer.from(body).toString() };
      },
    });
  } finally {
    stopping.abort();
    await running;
    await http.close(0);
    await new Promise((resolve) => {
      kubelet.close(resolve);
      kubelet.closeAllConnections();
    });
    await store.close();
  }
}

test("logs come from the kubelet of the pod's node", () =>
  withPod(async ({ raw }) => {
    const path = "/api/v1/namespaces/default/pods/web/log";
    const good = await raw(`${path}?container=a&tailLines=5`);
    assert.deepEqual(good, { status: 200, text: "log of /containerLogs/default/web/a?tailLines=5" });
    const unclear = JSON.parse((await raw(path)).text) as { message: string };
    assert.equal(unclear.message, "a container name must be specified for pod web, choose one of: [a broken]");
    const refused = JSON.parse((await raw(`${path}?container=broken`)).text) as { message: string; code: number };
    assert.deepEqual([refused.code, refused.message], [400, "container is waiting to start"]);
  }));

test("a proxy passes on any method, also the one that has no verb, and leads back to itself", () =>
  withPod(async ({ port }) => {
    const ask = (method: string, path: string): Promise<readonly [number | undefined, string]> =>
      new Promise((resolve, reject) => {
        const outgoing = request({ host: "127.0.0.1", port, path, method, rejectUnauthorized: false });
        outgoing.once("error", reject).once("response", (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.once("end", () => resolve([response.statusCode, text]));
        });
        outgoing.end();
      });
    const path = "/api/v1/nodes/n1";
    for (const method of ["GET", "POST", "OPTIONS"])
      assert.deepEqual(await ask(method, `${path}/proxy/x?y=z`), [200, "log of /x?y=z"]);
    assert.deepEqual(await ask("HEAD", `${path}/proxy/x?y=z`), [200, ""]);
    assert.equal((await ask("HEAD", `${path}/proxy`))[0], 301);
    assert.equal((await ask("OPTIONS", path))[0], 405);
    const raw = (to: string): Promise<{ readonly headers: object; readonly text: string }> =>
      new Promise((resolve, reject) => {
        const outgoing = request({ host: "127.0.0.1", port, path: to, rejectUnauthorized: false });
        outgoing.once("error", reject).once("response", (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          const text = (): string => (parts.length === 0 ? "" : gunzipSync(Buffer.concat(parts)).toString());
          response.once("end", () => resolve({ headers: response.headers, text: text() }));
        });
        outgoing.end();
      });
    const page = await raw(`${path}/proxy/page%20one/`);
    assert.equal(page.text, `<a href="${path}/proxy/x">${path}/proxy/page%20one/</a>`);
    assert.equal("access-control-allow-origin" in page.headers, false);
    const location = async (to: string) => ((await raw(to)).headers as { location?: string }).location;
    assert.equal(await location(`${path}/proxy/moved`), `${path}/proxy/there`);
    assert.equal(await location(`${path}/proxy?a=b`), `${path}/proxy/?a=b`);
    assert.deepEqual(await ask("POST", `${path}/proxy?a=b`), [200, "log of /?a=b"]);
    assert.equal((await ask("OPTIONS", `${path}/status`))[0], 405);
  }));

test("a log goes through a WebSocket, as bytes or in base64", () =>
  withPod(async ({ port }) => {
    const read = async (protocols: string[]): Promise<readonly [string, boolean, string]> => {
      const path = "/api/v1/namespaces/default/pods/web/log?container=a";
      const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, protocols, { rejectUnauthorized: false });
      const messages: { readonly bytes: Buffer; readonly binary: boolean }[] = [];
      socket.on("message", (bytes: Buffer, binary: boolean) => messages.push({ bytes, binary }));
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.once("close", (code) => (code === 1000 ? resolve() : reject(new Error(`closed with ${code}`))));
      });
      assert.equal(messages[0]?.bytes.length, 0, "a first message that shows the connection works");
      const text = messages.map(({ bytes }) => bytes.toString()).join("");
      return [socket.protocol, messages.every(({ binary }) => binary), text];
    };
    const log = "log of /containerLogs/default/web/a";
    assert.deepEqual(await read([]), ["", true, log]);
    assert.deepEqual(await read(["other", "binary.k8s.io"]), ["binary.k8s.io", true, log]);
    const base64 = Buffer.from(log).toString("base64");
    assert.deepEqual(await read(["base64.binary.k8s.io"]), ["base64.binary.k8s.io", false, base64]);
    await assert.rejects(read(["other"]), /403/);
  }));

test("an upgrade reaches the kubelet and bytes pass both ways", () =>
  withPod(async ({ port }) => {
    const path = "/api/v1/namespaces/default/pods/web/exec?container=a&stdin=true&stdout=true&command=sh&command=-c";
    const headers = { connection: "Upgrade", upgrade: "SPDY/3.1" };
    const outgoing = request({ host: "127.0.0.1", port, path, method: "POST", headers, rejectUnauthorized: false });
    outgoing.end();
    const [url, echoed] = await new Promise<[unknown, string]>((resolve, reject) => {
      outgoing.once("error", reject);
      outgoing.once("response", (response) => reject(new Error(`refused with ${response.statusCode}`)));
      outgoing.once("upgrade", (response, socket) => {
        socket.write("hello");
        socket.once("data", (bytes: Buffer) => {
          resolve([response.headers["x-url"], bytes.toString()]);
          socket.destroy();
        });
      });
    });
    assert.equal(url, "/exec/default/web/a?input=1&output=1&command=sh&command=-c");
    assert.equal(echoed, "hello");
  }));

test("an upgrade that cannot be served is refused with a status", () =>
  withPod(async ({ port }) => {
    const headers = { connection: "Upgrade", upgrade: "SPDY/3.1" };
    const outgoing = request({
      host: "127.0.0.1",
      port,
      path: "/api/v1/namespaces/default/pods/none/exec",
      method: "POST",
      headers,
      rejectUnauthorized: false,
    });
    outgoing.end();
    const [code, text] = await new Promise<[number | undefined, string]>((resolve, reject) => {
      outgoing.once("error", reject);
      outgoing.once("response", (response) => {
        let body = "";
        response.on("data", (chunk) => (body += String(chunk)));
        response.once("end", () => resolve([response.statusCode, body]));
      });
    });
    assert.equal(code, 404);
    assert.equal((JSON.parse(text) as { message: string }).message, 'pods "none" not found');
  }));

test("who may only read gets no shell by asking with GET", async () => {
  const path = "/api/v1/namespaces/default/pods/web";
  const streams = ["exec", "attach", "portforward"];
  const readsStreams: Authorizer = {
    name: "test",
    authorize: ({ subresource, verb }) =>
      !streams.includes(subresource) || verb === "get"
        ? { decision: "allow", reason: "" }
        : { decision: "no-opinion", reason: "" },
  };
  await withPod(async ({ raw }) => {
    for (const subresource of streams) {
      const { status, text } = await raw(`${path}/${subresource}?container=a&stdout=true`);
      assert.equal(status, 403);
      assert.match(text, new RegExp(`cannot create resource \\\\"pods/${subresource}\\\\"`));
    }
    assert.equal((await raw(`${path}/log?container=a`)).status, 200);
  }, readsStreams);
  // As before v1.35, with the gate off: the kubelet's answer comes through.
  await withPod(
    async ({ raw }) => {
      for (const subresource of streams) assert.notEqual((await raw(`${path}/${subresource}?container=a`)).status, 403);
    },
    readsStreams,
    false,
  );
});
