import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { createRealPlatform } from "../base/index.ts";
import { openRuntime } from "./client.ts";
import { decode, encode } from "./codec.ts";
import type { ContainerRuntime } from "./services.ts";

const directory = mkdtempSync(join(tmpdir(), "cri-client-"));
const socket = join(directory, "cri.sock");
const server = new grpc.Server();
let connection: ContainerRuntime;

const raw = {
  requestSerialize: Buffer.from,
  requestDeserialize: Buffer.from,
  responseSerialize: Buffer.from,
  responseDeserialize: Buffer.from,
};
const method = (name: string, responseStream = false) => ({
  ...raw,
  path: `/runtime.v1.RuntimeService/${name}`,
  requestStream: false,
  responseStream,
});

before(async () => {
  server.addService(
    {
      version: method("Version"),
      status: method("Status"),
      stop: method("StopContainer"),
      events: method("GetContainerEvents", true),
    },
    {
      version: (call: grpc.ServerUnaryCall<Buffer, Buffer>, reply: grpc.sendUnaryData<Buffer>) => {
        const { version } = decode("VersionRequest", call.request);
        reply(null, encode("VersionResponse", { runtimeName: `asked with ${version}` }));
      },
      status: () => {},
      stop: (_: unknown, reply: grpc.sendUnaryData<Buffer>) => reply({ code: 5, details: "no such container" }),
      events: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
        call.write(
          encode("ContainerEventResponse", { containerId: "a", containerEventType: "CONTAINER_STOPPED_EVENT" }),
        );
      },
    },
  );
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  connection = openRuntime({ endpoint: `unix://${socket}`, clock: createRealPlatform().clock });
});

after(() => {
  connection.close();
  server.forceShutdown();
  rmSync(directory, { recursive: true });
});

test("a call carries its request and response", async () => {
  assert.equal((await connection.runtime.version({ version: "v1" })).runtimeName, "asked with v1");
});

test("errors read as Go clients print them", async () => {
  await assert.rejects(connection.runtime.stopContainer({ containerId: "x" }), {
    name: "CriError",
    code: "NotFound",
    message: "rpc error: code = NotFound desc = no such container",
  });
});

test("a call ends at its deadline and by its signal", async () => {
  await assert.rejects(connection.runtime.status({}, { timeoutMs: 50 }), {
    message: "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
  });
  const controller = new AbortController();
  const call = connection.runtime.status({}, { signal: controller.signal });
  controller.abort();
  await assert.rejects(call, { code: "Canceled" });
});

test("a call that the runtime lacks is Unimplemented, one without a runtime Unavailable", async () => {
  await assert.rejects(connection.images.listImages(), { code: "Unimplemented" });
  const nobody = openRuntime({ endpoint: join(directory, "nobody.sock"), clock: createRealPlatform().clock });
  const dialing = `dial unix ${join(directory, "nobody.sock")}: connect: no such file or directory`;
  await assert.rejects(nobody.runtime.version(), {
    message: `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: ${dialing}"`,
  });
  nobody.close();
});

test("events arrive until the signal aborts", async () => {
  const controller = new AbortController();
  const seen: string[] = [];
  for await (const event of connection.runtime.getContainerEvents(controller.signal)) {
    seen.push(`${event.containerId} ${event.containerEventType}`);
    controller.abort();
  }
  assert.deepEqual(seen, ["a CONTAINER_STOPPED_EVENT"]);
});
