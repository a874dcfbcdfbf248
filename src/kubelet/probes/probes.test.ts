import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createRealPlatform, createVirtualPlatform, silentLog } from "../../base/index.ts";
import type { RuntimeService } from "../../cri/index.ts";
import { testContainer, testPod, testStatus, testView } from "../testing/fixtures.ts";
import type { Probe } from "../types.ts";
import { runProbe } from "./handler.ts";
import { ProbeManager } from "./manager.ts";
import { initialProbeState, type ProbeKind, probeStep } from "./probe-state.ts";

test("thresholds count outcomes in a row", () => {
  const run = (kind: ProbeKind, outcomes: string, probe: Probe = {}): string => {
    let state = initialProbeState(kind);
    return [...outcomes]
      .map((one) => {
        const verdict = one === "s" ? "success" : one === "f" ? "failure" : "unknown";
        state = probeStep(kind, probe, state, { verdict, output: "" });
        return `${state.result[0]}${state.onHold ? "!" : ""}`;
      })
      .join("");
  };
  assert.equal(run("liveness", "ffsfff"), "sssssf!");
  assert.equal(run("readiness", "ssf", { successThreshold: 2, failureThreshold: 1 }), "fsf");
  assert.equal(run("startup", "fs"), "us!");
  assert.equal(run("startup", "fff"), "uuf!");
  assert.equal(run("liveness", "fuff"), "sssf!", "a probe that could not be carried out counts for nothing");
});

/** A container whose exec answers from a script; what it says is one character per call. */
function setUp(probes: Partial<ReturnType<typeof testContainer>>, script: string) {
  const platform = createVirtualPlatform({ startMs: 1_000 });
  const calls: number[] = [];
  const runtime = {
    execSync: async () => {
      const answer = script[Math.min(calls.length, script.length - 1)];
      calls.push(platform.clock.now());
      return { stdout: new Uint8Array(), stderr: Buffer.from("no"), exitCode: answer === "s" ? 0 : 1 };
    },
  } as unknown as RuntimeService;
  const events: string[] = [];
  const changes: string[] = [];
  const manager = new ProbeManager({
    ...platform,
    runtime,
    log: silentLog,
    events: { event: (_, __, reason, message) => events.push(`${reason}: ${message}`) },
    onChange: (uid) => changes.push(`${uid} at ${platform.clock.now()}`),
  });
  const pod = testPod({ containers: [testContainer("main", probes)] });
  manager.update(pod, testView([testStatus("main", { startedAtMs: 1_000 })]));
  return { ...platform, manager, calls, events, changes, pod };
}

const exec = { exec: { command: ["check"] } };

test("a readiness probe turns the container ready, and unready again", async () => {
  const { clock, manager, changes, events } = setUp(
    { readinessProbe: { ...exec, periodSeconds: 5, failureThreshold: 1 } },
    "fssf",
  );
  await clock.advance(20_000);
  assert.deepEqual(changes, ["uid-1 at 6000", "uid-1 at 16000"]);
  assert.equal(manager.verdict("uid-1", "readiness", "main-0"), "failure");
  assert.deepEqual(new Set(events), new Set(["Unhealthy: Readiness probe failed: no"]));
  await manager.close();
});

test("a liveness probe waits for its delay and for the startup probe, then ends the container once", async () => {
  const { clock, manager, calls, changes } = setUp(
    {
      startupProbe: { ...exec, periodSeconds: 1, failureThreshold: 30 },
      livenessProbe: { ...exec, periodSeconds: 2, failureThreshold: 2, initialDelaySeconds: 1 },
    },
    "ffsff",
  );
  await clock.advance(30_000);
  assert.deepEqual(calls.slice(0, 3), [1_000, 2_000, 3_000], "startup until it succeeds");
  assert.equal(calls.length, 5, "two failures of liveness, then nothing more for this container");
  assert.equal(manager.verdict("uid-1", "startup", "main-0"), "success");
  assert.equal(manager.verdict("uid-1", "liveness", "main-0"), "failure");
  assert.equal(changes.length, 2);
  await manager.close();
});

test("probing ends with the container and starts again with the next one", async () => {
  const { clock, manager, calls, pod } = setUp({ readinessProbe: { ...exec, periodSeconds: 1 } }, "s");
  await clock.advance(2_500);
  const before = calls.length;
  manager.update(pod, testView([]));
  await clock.advance(5_000);
  assert.equal(calls.length, before);
  assert.equal(manager.verdict("uid-1", "readiness", "main-0"), undefined);
  manager.update(pod, testView([testStatus("main", { id: "main-1", startedAtMs: clock.now() })]));
  await clock.advance(100);
  assert.equal(manager.verdict("uid-1", "readiness", "main-1"), "success");
  await manager.close();
});

test("HTTP and TCP probes over a real socket, in upstream's words", async () => {
  const platform = createRealPlatform();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers["user-agent"]} ${request.headers["x-a"] ?? ""}`);
    if (request.url === "/moved") response.writeHead(302, { location: "/ok" }).end();
    else if (request.url === "/slow") return;
    else response.writeHead(request.url === "/ok" ? 200 : 503).end("body");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const container = testContainer("main", { ports: [{ name: "http", containerPort: port }] });
  const target = { container, containerId: "c", podIp: "127.0.0.1" };
  const deps = { ...platform, runtime: {} as RuntimeService };
  const { signal } = new AbortController();
  const probe = (value: Probe) => runProbe(deps, value, target, signal);
  const get = (path: string, more = {}) =>
    probe({ httpGet: { path, port: "http", ...more }, timeoutSeconds: path === "/slow" ? 1 : 60 });
  try {
    assert.deepEqual(await get("/ok", { httpHeaders: [{ name: "X-A", value: "b" }] }), {
      verdict: "success",
      output: "body",
    });
    assert.equal(asked[0], "GET /ok kube-probe/1.36 b");
    assert.equal((await get("/moved")).verdict, "success");
    assert.deepEqual(await get("/bad"), { verdict: "failure", output: "HTTP probe failed with statuscode: 503" });
    assert.match((await get("/slow")).output, /^Get "http:\/\/127\.0\.0\.1:\d+\/slow": context deadline exceeded/);
    assert.equal((await probe({ tcpSocket: { port }, timeoutSeconds: 60 })).verdict, "success");
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  assert.equal(
    (await probe({ tcpSocket: { port }, timeoutSeconds: 60 })).output,
    `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
  assert.equal(
    (await get("/ok")).output,
    `Get "http://127.0.0.1:${port}/ok": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
  await assert.rejects(get("/ok", { port: "nope" }), /couldn't find port: "nope"/);
});
