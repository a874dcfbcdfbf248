import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { CapturingLog, MemoryNetwork } from "../../base/index.ts";
import { HealthChecks } from "../health/health-checks.ts";
import { MetricsRegistry } from "../metrics/index.ts";
import { type DiagnosticsHandler, serveHealth, serveJson, serveMetrics } from "./diagnostics.ts";
import { startDiagnosticsServer } from "./diagnostics-server.ts";

const address = { host: "10.0.0.1", port: 10259 };

async function serve(handlers: readonly DiagnosticsHandler[]) {
  const network = new MemoryNetwork();
  const log = new CapturingLog();
  const listener = await startDiagnosticsServer({ network, address, log, handlers });
  const ask = async (path: string, method = "GET"): Promise<string> => {
    const stream = await network.connect(address);
    return new Promise((resolve, reject) => {
      const sent = request({ path, method, createConnection: () => stream, headers: { host: "x" } }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on("end", () => resolve(`${response.statusCode} ${response.headers["content-type"]} ${body}`));
      });
      sent.on("error", reject);
      sent.end();
    });
  };
  return { ask, log, listener };
}

test("health, metrics and documents are served, and nothing else", async () => {
  const registry = new MetricsRegistry();
  registry.counter({ name: "n_total", help: "N." }).increment();
  const handlers = [
    serveHealth(new HealthChecks("healthz")),
    serveMetrics(registry),
    serveJson("/version", () => ({ minor: "36" })),
  ];
  const { ask, listener } = await serve(handlers);
  assert.equal(await ask("/healthz"), "200 text/plain; charset=utf-8 ok");
  assert.match(await ask("/metrics"), /^200 text\/plain; version=0\.0\.4; charset=utf-8 .*\nn_total 1\n/s);
  assert.equal(await ask("/version"), '200 application/json {"minor":"36"}');
  assert.equal(await ask("/nope"), "404 text/plain; charset=utf-8 404 page not found\n");
  assert.equal(await ask("/healthz", "POST"), "200 text/plain; charset=utf-8 ok", "methods are not told apart");
  await listener.close();
});

test("handlers are asked in order, and a failing one is logged", async () => {
  const forbidden = { status: 403, contentType: "text/plain; charset=utf-8", body: "Forbidden\n" };
  const guard: DiagnosticsHandler = async ({ path }) => (path.startsWith("/livez/") ? forbidden : undefined);
  const broken: DiagnosticsHandler = async ({ path }) => {
    if (path === "/broken") throw new Error("no such thing");
    return undefined;
  };
  const { ask, log, listener } = await serve([broken, guard, serveHealth(new HealthChecks("livez"))]);
  assert.equal(await ask("/livez"), "200 text/plain; charset=utf-8 ok");
  assert.equal(await ask("/livez/ping"), "403 text/plain; charset=utf-8 Forbidden\n");
  assert.equal(await ask("/broken"), "500 text/plain; charset=utf-8 Internal Server Error\n");
  assert.deepEqual(log.messages("error"), ["Diagnostics request failed"]);
  await listener.close();
});
