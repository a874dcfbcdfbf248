import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { startControlPlane, type TestControlPlane } from "../../testing/index.ts";
import type { ApiRequest } from "./exchange.ts";
import { type HttpServer, listenHttp } from "./server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const user = { name: "admin", groups: ["system:masters"] };
let plane: TestControlPlane;
let server: HttpServer;

before(async () => {
  plane = await startControlPlane();
  // Who asks is not what these tests are about.
  const handler = (request: ApiRequest) =>
    plane.server.handler(Object.defineProperty(request, "user", { value: user }));
  server = await listenHttp({ host: "127.0.0.1", port: 0, handler });
});
after(async () => {
  await server.close(0);
  await plane.stop();
});

/** All that is answered to these bytes until the server ends the connection, or `last` has come. */
function answer(bytes: string, last?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(server.port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (last?.test(text) === true) socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(text));
  });
}

const head = (line: string, ...headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, "Host: x", ...headers, "", ""].join("\r\n");

test("methods that are no verbs of HTTP are not allowed on resources, as any other", async () => {
  for (const method of ["FOO", "get", "PROPFIND", "TRACE", "CONNECT"]) {
    const text = await answer(head(`${method} ${maps}`), /"code":405/);
    assert.match(text, /^HTTP\/1\.1 405 /, method);
    assert.match(text, /"message":"the server does not allow this method on the requested resource"/, method);
  }
  assert.match(await answer(head("FOO /healthz")), /^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
  assert.match(await answer(head("FOO /api/v1/nope")), /^HTTP\/1\.1 404 /);
});

test("what is no request is refused as Go's server refuses it", async () => {
  const refused = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n";
  for (const bytes of ["hello world\r\n\r\n", head("G@T /"), head("GET healthz"), head("GET /", "a b: c")]) {
    assert.equal(await answer(bytes), `${refused}400 Bad Request`);
  }
  assert.match(await answer(head("GET /api/v1/namespaces/%zz")), /^HTTP\/1\.1 400 [^]*\r\n\r\n400 Bad Request$/);
  const large = await answer(head("GET /", `a: ${"x".repeat(1_100_000)}`)).catch(() => "reset");
  assert.match(large, /^(HTTP\/1\.1 431 Request Header Fields Too Large\r\n|reset$)/);
});

test("nothing is said into an answer that has begun", async () => {
  const cut = await answer(`${head("GET /healthz")}FOO`, /ok$/);
  assert.match(cut, /^HTTP\/1\.1 (200|400) /);
  assert.equal(cut.match(/HTTP\/1\.1/g)?.length, 1);
});

test("a client is told to go on when its body is wanted, and not before", async () => {
  const body = '{"metadata":{"name":"expected"}}';
  const headers = ["Content-Type: application/json", "Expect: 100-continue", `Content-Length: ${body.length}`];
  const socket = connect(server.port, "127.0.0.1");
  const come = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      let text = "";
      const listener = (chunk: Buffer): void => {
        text += chunk.toString();
        if (!pattern.test(text)) return;
        socket.off("data", listener);
        resolve(text);
      };
      socket.on("data", listener);
    });
  socket.write(head(`POST ${maps}`, ...headers));
  assert.equal(await come(/\r\n\r\n/), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.write(body);
  assert.match(await come(/"expected"/), /^HTTP\/1\.1 201 /);
  socket.destroy();
  assert.match(await answer(head("POST /api/v1/nope", ...headers)), /^HTTP\/1\.1 404 /);
});

test("a body that comes with the offer of another protocol is not lost", async () => {
  const body = '{"metadata":{"name":"offered"}}';
  const headers = ["Content-Type: application/json", "Connection: Upgrade", "Upgrade: other"];
  const text = await answer(head(`POST ${maps}`, ...headers, `Content-Length: ${body.length}`) + body, /"offered"/);
  assert.match(text, /^HTTP\/1\.1 201 /);
});

test("whole URLs are taken for their paths, and answers without a body say so", async () => {
  assert.match(await answer(head("GET http://x/healthz"), /ok$/), /^HTTP\/1\.1 200 /);
  assert.match(
    await answer(head("GET /openapi/v3/apis/nope/v1"), /\r\n\r\n/),
    /^HTTP\/1\.1 404 [^]*content-length: 0\r\n/i,
  );
});

test("escaped slashes are slashes", async () => {
  const one = await answer(head("GET /api/v1/namespaces%2fdefault"), /"code":404/);
  assert.match(one, /"message":"namespaces \\"default\\" not found"/);
  assert.match(await answer(head("GET /api/v1/namespaces/a%2fb"), /"code":404/), /could not find the requested/);
});
