import assert from "node:assert/strict";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type Address, type ConnectOptions, RealNetwork } from "../../base/index.ts";
import { ask, startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import type { ApiRequest } from "../http/exchange.ts";
import { type HttpServer, listenHttp } from "../http/server.ts";
import { goEscapedPath } from "../request/go-url.ts";
import { isGlobalUnicast } from "./targets.ts";

const namespace = "/api/v1/namespaces/default";
const user = { name: "admin", groups: ["system:masters", "system:authenticated"] };
/** The address of another machine, to which all ways lead to this one. */
const elsewhere = "10.9.9.9";
class OneMachine extends RealNetwork {
  override connect(address: Address, options?: ConnectOptions): ReturnType<RealNetwork["connect"]> {
    return super.connect({ ...address, host: "127.0.0.1" }, options);
  }
}

let plane: TestControlPlane;
let server: HttpServer;
let echo: Server;
let port: number;

before(async () => {
  echo = createServer((incoming, response) => {
    const { url = "", headers } = incoming;
    if (url.startsWith("/moved")) response.writeHead(302, { location: ":bad" });
    response.end(JSON.stringify({ url, headers }));
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  port = (echo.address() as AddressInfo).port;
  plane = await startStandardControlPlane({ more: { kubelets: { network: new OneMachine() } } });
  const handler = (asked: ApiRequest) => plane.server.handler(Object.defineProperty(asked, "user", { value: user }));
  server = await listenHttp({ host: "127.0.0.1", port: 0, handler });
  await post(`${namespace}/serviceaccounts`, { metadata: { name: "default" } });
  for (const [name, ip] of [
    ["web", elsewhere],
    ["here", "127.0.0.1"],
  ] as const) {
    const spec = { containers: [{ name: "c", image: "x:1", ports: [{ containerPort: port }] }] };
    await post(`${namespace}/pods`, { metadata: { name }, spec });
    await status(`${namespace}/pods/${name}`, { podIP: ip, podIPs: [{ ip }] });
  }
  await post("/api/v1/nodes", { metadata: { name: "n" } });
  const kubeletEndpoint = { Port: 1 };
  const addresses = [{ type: "InternalIP", address: elsewhere }];
  await status("/api/v1/nodes/n", { addresses, daemonEndpoints: { kubeletEndpoint } });
});
after(async () => {
  await server.close(0);
  await plane.stop();
  echo.closeAllConnections();
  await new Promise((resolve) => echo.close(resolve));
});

async function post(path: string, body: object): Promise<void> {
  const answer = await ask(plane, { method: "POST", path, body: JSON.stringify(body) });
  assert.equal(answer.status, 201, answer.text);
}

async function status(path: string, of: object): Promise<void> {
  const headers = { "content-type": "application/merge-patch+json" };
  const options = { method: "PATCH", path: `${path}/status`, headers, body: JSON.stringify({ status: of }) };
  assert.equal((await ask(plane, options)).status, 200);
}

interface Echoed {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

function get(path: string, headers: Record<string, string> = {}): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port: server.port, path, headers, agent: false });
    outgoing.once("error", reject).once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve({ code: response.statusCode ?? 0, text }));
    });
    outgoing.end();
  });
}

const echoed = async (path: string, headers?: Record<string, string>): Promise<Echoed> =>
  JSON.parse((await get(path, headers)).text) as Echoed;
const refused = async (path: string): Promise<string> => {
  const { code, text } = await get(path);
  return `${code} ${(JSON.parse(text) as { readonly message?: string }).message}`;
};

test("what is proxied is told who asks for what, and nothing of the connection", async () => {
  const path = `${namespace}/pods/web/proxy`;
  const { url, headers } = await echoed(`${path}/a%20b//./c!/?x=1`, {
    host: "api.example:6443",
    "x-forwarded-for": "192.0.2.1",
    connection: "x-mine",
    "x-mine": "1",
    "x-other": "2",
  });
  assert.equal(url, "/a%20b/c%21/?x=1");
  assert.equal(headers["host"], "api.example:6443");
  assert.match(headers["x-forwarded-for"] ?? "", /^192\.0\.2\.1, (::ffff:)?127\.0\.0\.1$/);
  assert.deepEqual([headers["x-mine"], headers["x-other"]], [undefined, "2"]);
  const plain = await echoed(`${path}/a%2fb`);
  assert.deepEqual([plain.url, plain.headers["x-forwarded-uri"]], ["/a/b", `${path}/a/b`]);
  const failed =
    '500 Internal error occurred: error trying to parse Location header: parse ":bad": missing protocol scheme';
  assert.equal(await refused(`${path}/moved`), failed);
});

test("pods and nodes are named with schemes and ports, and lead to other machines only", async () => {
  assert.equal((await echoed(`${namespace}/pods/http:web:${port}/proxy/x`)).url, "/x");
  assert.equal((await echoed(`/api/v1/nodes/n:${port}/proxy/x`)).url, "/x");
  assert.equal((await echoed(`/api/v1/nodes/http:n:${port}/proxy/x`)).url, "/x");
  assert.equal(await refused(`${namespace}/pods/here/proxy/`), "400 address not allowed");
  assert.equal(await refused(`${namespace}/pods/x:web:1/proxy/`), '400 invalid pod request "x:web:1"');
  assert.equal(await refused("/api/v1/nodes/a:b:c:d/proxy/"), '400 invalid node request "a:b:c:d"');
  const dead = "503 error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused";
  assert.equal(await refused(`${namespace}/pods/web:1/proxy/`), dead);
  const allowed = ["10.0.0.1", "192.168.1.1", "fd00::1", "2001:db8::1"];
  const not = [
    "127.0.0.1",
    "169.254.1.1",
    "224.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "::1",
    "fe80::1",
    "ff02::1",
    "x",
    "",
  ];
  assert.deepEqual([...allowed, ...not].filter(isGlobalUnicast), allowed);
});

test("services lead to those of their endpoints that are pods", async () => {
  const services = `${namespace}/services`;
  const slice = (name: string, address: string, pod: string) => ({
    metadata: { name, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], targetRef: { kind: "Pod", name: pod, namespace: "default" } }],
    ports: [{ name: "web", port, protocol: "TCP" }],
  });
  for (const name of ["good", "odd", "none"])
    await post(services, { metadata: { name }, spec: { ports: [{ name: "web", port: 80 }] } });
  const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
  await post(slices, slice("good", elsewhere, "web"));
  await post(slices, slice("odd", "10.9.9.8", "web"));
  assert.equal((await echoed(`${services}/good:web/proxy/x`)).url, "/x");
  assert.equal((await echoed(`${services}/good:80/proxy/x`)).url, "/x");
  assert.equal(await refused(`${services}/good:81/proxy/`), '503 no service port 81 found for service "good"');
  assert.equal(await refused(`${services}/good/proxy/`), '503 no endpoints available for service "good"');
  assert.equal(await refused(`${services}/odd:web/proxy/`), '503 no endpoints available for service "odd:web"');
  assert.equal(await refused(`${services}/none:web/proxy/`), '404 services "none" not found');
});

test("paths are escaped as Go escapes them", () => {
  assert.equal(goEscapedPath("/a b/ü/~x!'()*;,:@&=+$?#%"), "/a%20b/%C3%BC/~x%21%27%28%29%2A;,:@&=+$%3F%23%25");
});
