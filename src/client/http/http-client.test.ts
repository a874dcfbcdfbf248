import assert from "node:assert/strict";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type KubeObject, StatusError } from "../../apimachinery/index.ts";
import { isPlatformError, MemoryDisk, RealClock } from "../../base/index.ts";
import { createHttpClient } from "../config/create-http-client.ts";
import type { ClosableClient } from "./http-client.ts";

type Handler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  body: string,
) => void;

const pods = { group: "", version: "v1", resource: "pods" };

/** For 127.0.0.1, and good for a hundred years. It protects nothing. */
const cert = `-----BEGIN CERTIFICATE-----
MIIBhTCCASygAwIBAgIUYtA+K3792ZF51hBaQEvZqJN9vr8wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjEwNzI5MjBaGA8yMTI2MTAyODA3Mjky
MFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLGN
NR9zGYMptRz6+4GdZp35nI2Hz0PSZcx7Kx2zH8xoyNWugzbmDnvDdloDFo8s9gPe
r1unqoQCZHoDaOO/3vSjZDBiMB0GA1UdDgQWBBQ+cNTdN9gDBZvDsdxXx2lPJVvt
gjAfBgNVHSMEGDAWgBQ+cNTdN9gDBZvDsdxXx2lPJVvtgjAPBgNVHRMBAf8EBTAD
AQH/MA8GA1UdEQQIMAaHBH8AAAEwCgYIKoZIzj0EAwIDRwAwRAIgarK2CI/auq+Y
Zb5sn1EV3S0lWQfr78IhnxI4jtSdwu0CIEHbPb5Je4r+zx99hqBd7EGmETdGuUBL
SQJ9Rgv19GC6
-----END CERTIFICATE-----
`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYhh6MbiYVwnH4iBr
A3GSPGhJD7STC/5khsKrhq0EHvihRANCAASxjTUfcxmDKbUc+vuBnWad+ZyNh89D
0mXMeysdsx/MaMjVroM25g57w3ZaAxaPLPYD3q9bp6qEAmR6A2jjv970
-----END PRIVATE KEY-----
`;

async function serve(server: Server | Http2SecureServer, handler: Handler): Promise<number> {
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => handler(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function withServer(
  protocol: "http1" | "h2",
  handler: Handler,
  work: (client: ClosableClient, disk: MemoryDisk) => Promise<void>,
): Promise<void> {
  const disk = new MemoryDisk(new RealClock());
  const server = protocol === "h2" ? createSecureServer({ cert, key, allowHTTP1: true }) : createHttpServer();
  const port = await serve(server, handler);
  const cluster = {
    server: `${protocol === "h2" ? "https" : "http"}://127.0.0.1:${port}/prefix`,
    "certificate-authority-data": Buffer.from(cert).toString("base64"),
  };
  await disk.makeDirectory("/var");
  await disk.write("/var/token", "first\n");
  const client = createHttpClient({
    cluster,
    user: { tokenFile: "/var/token" },
    clock: new RealClock(),
    disk,
    userAgent: "tester",
  });
  try {
    await work(client, disk);
  } finally {
    client.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

const pod = { metadata: { name: "a", namespace: "default", resourceVersion: "7" } };

for (const protocol of ["http1", "h2"] as const) {
  test(`${protocol}: reads, writes and failures`, async () => {
    const seen: string[] = [];
    const handler: Handler = (request, response, body) => {
      seen.push(
        `${request.httpVersion} ${request.method} ${request.url} ${request.headers["content-type"] ?? "-"} ${request.headers["user-agent"]} ${body}`,
      );
      if (request.method === "DELETE") {
        response.statusCode = 404;
        const status = {
          kind: "Status",
          apiVersion: "v1",
          metadata: {},
          status: "Failure",
          message: 'pods "a" not found',
          reason: "NotFound",
          code: 404,
        };
        response.end(JSON.stringify(status));
      } else if (request.url?.includes("/broken") === true) {
        response.statusCode = 502;
        response.end("bad gateway");
      } else response.end(JSON.stringify(pod));
    };
    await withServer(protocol, handler, async (client) => {
      const scoped = client.resource(pods).namespace("default");
      assert.deepEqual(await scoped.get("a"), pod);
      await scoped.patch("a", { type: "merge", body: { x: 1 } }, { subresource: "status", fieldManager: "me" });
      await assert.rejects(
        scoped.delete("a", { gracePeriodSeconds: 0 }),
        (error) => error instanceof StatusError && error.reason === "NotFound",
      );
      await assert.rejects(
        scoped.get("broken"),
        (error) => error instanceof StatusError && error.code === 502 && /bad gateway/.test(error.message),
      );
      const version = protocol === "h2" ? "2.0" : "1.1";
      assert.equal(seen[0], `${version} GET /prefix/api/v1/namespaces/default/pods/a - tester `);
      assert.equal(
        seen[1],
        `${version} PATCH /prefix/api/v1/namespaces/default/pods/a/status?fieldManager=me application/merge-patch+json tester {"x":1}`,
      );
    });
  });

  test(`${protocol}: a watch yields events as they come, and ends when closed or aborted`, async () => {
    let close: (() => void) | undefined;
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const handler: Handler = (_request, response) => {
      const line = `${JSON.stringify({ type: "ADDED", object: pod })}\n`;
      // Cut in the middle of a line, as networks do.
      (response as ServerResponse).write(line.slice(0, 10));
      setImmediate(() => (response as ServerResponse).write(`${line.slice(10)}${line}`));
      response.on("close", () => close?.());
    };
    await withServer(protocol, handler, async (client) => {
      const controller = new AbortController();
      const names: (string | undefined)[] = [];
      const watching = (async () => {
        for await (const event of client
          .resource<KubeObject>(pods)
          .watch({ resourceVersion: "1", signal: controller.signal })) {
          if (event.type === "ADDED") names.push(event.object.metadata.name);
          if (names.length === 2) controller.abort();
        }
      })();
      await assert.rejects(watching, { name: "AbortError" });
      assert.deepEqual(names, ["a", "a"]);
      await closed;
    });
  });

  test(`${protocol}: 429 is tried again after the time given, 401 after reading the token again`, async () => {
    let times = 0;
    const handler: Handler = (request, response) => {
      times += 1;
      if (request.headers.authorization !== "Bearer second") response.statusCode = 401;
      else if (times === 2) {
        response.statusCode = 429;
        response.setHeader("retry-after", "0");
      }
      response.end(JSON.stringify(pod));
    };
    await withServer(protocol, handler, async (client, disk) => {
      const reading = client.resource(pods).list();
      await disk.write("/var/token", "second\n");
      await reading;
      assert.ok(times >= 2);
    });
  });
}

test("a server that is not there is a platform error", async () => {
  const client = createHttpClient({
    cluster: { server: "https://127.0.0.1:1" },
    user: {},
    clock: new RealClock(),
    disk: new MemoryDisk(new RealClock()),
  });
  await assert.rejects(client.resource(pods).list(), (error) => isPlatformError(error, "ECONNREFUSED"));
  client.close();
});

test("more watches than one connection takes share several", async () => {
  const sessions = new Set<unknown>();
  const handler: Handler = (request, response) => {
    if ("stream" in request) sessions.add(request.stream.session);
    (response as ServerResponse).write(`${JSON.stringify({ type: "ADDED", object: pod })}\n`);
  };
  await withServer("h2", handler, async (client) => {
    const controller = new AbortController();
    let started = 0;
    const all = Array.from({ length: 130 }, async () => {
      for await (const _event of client.resource(pods).watch({ signal: controller.signal })) {
        started += 1;
        if (started === 130) controller.abort();
      }
    });
    await Promise.allSettled(all);
    assert.equal(started, 130);
    assert.ok(sessions.size >= 2, `${sessions.size} connections`);
  });
});

test("bodies are written as Go writes them, for raw parts of objects are compared byte by byte", async () => {
  const bodies: string[] = [];
  await withServer(
    "http1",
    (_request, response, body) => {
      bodies.push(body);
      response.setHeader("content-type", "application/json");
      response.end(body.startsWith("{") ? body : "{}");
    },
    async (client) => {
      const object: KubeObject = { metadata: { name: "a", annotations: { a: "echo <a> && b\u2028" } } };
      const made = await client.resource(pods).namespace("n").create(object);
      assert.deepEqual(made.metadata.annotations, object.metadata.annotations);
      await client.resource(pods).namespace("n").patch("a", { type: "merge", body: object });
    },
  );
  assert.equal(bodies.length, 2);
  for (const body of bodies) assert.ok(body.includes('"echo \\u003ca\\u003e \\u0026\\u0026 b\\u2028"'), body);
});

test("integers of 64 bits keep every digit, there and back", async () => {
  const large = '{"metadata":{"name":"a","generation":9007199254740993}}';
  const written: string[] = [];
  const handler: Handler = (request, response, body) => {
    if (request.method === "PUT") written.push(body);
    if (request.url?.includes("watch") === true) response.end(`{"type":"MODIFIED","object":${large}}\n`);
    else response.end(request.url?.endsWith("/a") === true ? large : `{"items":[${large}]}`);
  };
  await withServer("http1", handler, async (client) => {
    const resource = client.resource<KubeObject>(pods).namespace("default");
    const read = await resource.get("a");
    assert.equal(read.metadata.generation as unknown, 9007199254740993n);
    await resource.update(read);
    assert.deepEqual(written, [large]);
    assert.deepEqual((await resource.list()).items, [read]);
    for await (const event of resource.watch({})) {
      assert.deepEqual(event.type === "MODIFIED" && event.object, read);
      break;
    }
  });
});
