import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { after, describe, it } from "node:test";
import { WebSocket } from "ws";
import { RealClock, RealNetwork, until as untilIt } from "../../base/index.ts";
import {
  dataHead,
  HeaderDecoder,
  HeaderEncoder,
  pingFrame,
  rstStreamFrame,
  SpdyFrameReader,
  synReplyFrame,
} from "../../component/index.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { type HttpServer, listenHttp } from "../http/server.ts";
import { KubeletConnections } from "./kubelet-connection.ts";
import { translateRemoteCommand, type WantedStreams } from "./remote-command.ts";
import { tunnelSpdy } from "./tunnel.ts";

const clock = new RealClock();
const connections = new KubeletConnections(new RealNetwork(), undefined);
const stops: (() => Promise<void>)[] = [];
const everything: WantedStreams = { stdin: true, stdout: true, stderr: true, tty: false };
const exitStatus = (code: number): string =>
  JSON.stringify({
    metadata: {},
    status: "Failure",
    message: `exit ${code}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  });

/** The kubelet's end of one SPDY connection, made of the framer's parts. */
class FakeRuntime {
  readonly socket: Duplex;
  readonly streams = new Map<string, number>();
  readonly seen: string[] = [];
  readonly input: Buffer[] = [];
  readonly #encoder = new HeaderEncoder();
  readonly #script: Script;

  constructor(socket: Duplex, script: Script) {
    this.socket = socket;
    this.#script = script;
    socket.on("error", () => {});
    void this.#run().catch(() => {});
  }

  send(stream: string, text: string | Buffer, fin = false): boolean {
    const bytes = Buffer.from(text);
    return this.socket.write(Buffer.concat([dataHead(this.streams.get(stream) ?? 0, bytes.length, fin), bytes]));
  }

  finish(status: string): void {
    this.send("error", status, true);
    for (const name of ["stdout", "stderr"]) if (this.streams.has(name)) this.send(name, "", true);
  }

  async #run(): Promise<void> {
    const decoder = new HeaderDecoder();
    const reader = new SpdyFrameReader();
    const nameOf = (id: number): string => [...this.streams].find(([, one]) => one === id)?.[0] ?? "?";
    for await (const chunk of this.socket as AsyncIterable<Buffer>) {
      for (const frame of reader.push(chunk)) {
        if (frame.type === "synStream") {
          const name = (await decoder.decode(frame.block))["streamtype"] ?? "?";
          this.streams.set(name, frame.streamId);
          this.seen.push(`open ${name}`);
          if (this.#script.refuse === name) this.socket.write(rstStreamFrame(frame.streamId, 3));
          else this.socket.write(synReplyFrame(frame.streamId, await this.#encoder.encode({})));
          this.#script.opened?.(this, name);
        } else if (frame.type === "data") {
          const name = nameOf(frame.streamId);
          if (frame.bytes.length > 0) this.seen.push(`${name} ${Buffer.from(frame.bytes).toString()}`);
          if (frame.bytes.length > 0) this.#script.data?.(this, name, Buffer.from(frame.bytes));
          if (frame.fin) this.#script.ended?.(this, name);
        }
      }
    }
    this.seen.push("gone");
    decoder.close();
    this.#encoder.close();
  }
}

interface Script {
  readonly refuse?: string;
  readonly opened?: (runtime: FakeRuntime, stream: string) => void;
  readonly data?: (runtime: FakeRuntime, stream: string, bytes: Buffer) => void;
  readonly ended?: (runtime: FakeRuntime, stream: string) => void;
}

const cat: Script = {
  data: (runtime, stream, bytes) => void (stream === "stdin" && runtime.send("stdout", bytes)),
  ended: (runtime) => runtime.finish(exitStatus(3)),
};

interface Kubelet {
  readonly port: number;
  readonly runtimes: FakeRuntime[];
  readonly protocols: unknown[];
}

async function startKubelet(script: Script, raw?: (socket: Duplex) => void): Promise<Kubelet> {
  const kubelet = { runtimes: [] as FakeRuntime[], protocols: [] as unknown[] };
  const server: Server = createServer();
  server.on("upgrade", (request, socket: Duplex) => {
    kubelet.protocols.push([request.method, request.headers.upgrade, request.headers["x-stream-protocol-version"]]);
    if (request.url === "/refused") {
      socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 19\r\nconnection: close\r\n\r\ncontainer not found");
      return;
    }
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n" +
        `X-Stream-Protocol-Version: ${request.headers["x-stream-protocol-version"]}\r\n\r\n`,
    );
    if (raw === undefined) kubelet.runtimes.push(new FakeRuntime(socket, script));
    else raw(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { socket } of kubelet.runtimes) socket.destroy();
        server.closeAllConnections();
      }),
  );
  return { port: (server.address() as AddressInfo).port, ...kubelet };
}

async function serve(handler: (request: ApiRequest) => Promise<ApiResponse>): Promise<HttpServer> {
  const http = await listenHttp({ host: "127.0.0.1", port: 0, handler });
  stops.push(() => http.close(0));
  return http;
}

async function apiServer(port: number, wanted: WantedStreams = everything, path = "/exec"): Promise<HttpServer> {
  const target = { host: "127.0.0.1", port, tls: false };
  return serve((request) => translateRemoteCommand({ connections, clock }, { target, path, wanted }, request));
}

class Client {
  readonly socket: WebSocket;
  readonly messages: Buffer[] = [];
  readonly closed: Promise<number>;

  constructor(port: number, protocols: readonly string[]) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/`, [...protocols]);
    this.socket.on("message", (bytes: Buffer) => void this.messages.push(bytes));
    this.closed = new Promise((resolve) => this.socket.once("close", resolve));
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("error", reject);
    });
  }

  channel(number: number): string {
    return Buffer.concat(
      this.messages.filter((bytes) => bytes[0] === number).map((bytes) => bytes.subarray(1)),
    ).toString();
  }

  send(channel: number, text: string): void {
    this.socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)]));
  }
}

const until = (condition: () => boolean): Promise<true> => untilIt(clock, String(condition), condition);

after(async () => {
  for (const stop of stops.reverse()) await stop();
});

describe("a remote command over WebSocket", () => {
  it("passes input on, half-closes it, and ends with output and status", async () => {
    const kubelet = await startKubelet(cat);
    const client = new Client((await apiServer(kubelet.port)).port, ["v5.channel.k8s.io", "v4.channel.k8s.io"]);
    await client.open();
    assert.equal(client.socket.protocol, "v5.channel.k8s.io");
    client.send(0, "hello");
    await until(() => client.channel(1) === "hello");
    client.socket.send(Buffer.of(255, 0));
    assert.equal(await client.closed, 1000);
    assert.deepEqual(client.messages[0], Buffer.of(1), "an empty message says that the connection stands");
    assert.equal(client.channel(3), exitStatus(3));
    assert.deepEqual(kubelet.protocols, [["POST", "SPDY/3.1", "v4.channel.k8s.io"]]);
    const [runtime] = kubelet.runtimes;
    await until(() => runtime?.seen.at(-1) === "gone");
    assert.deepEqual(runtime?.seen, ["open error", "open stdin", "open stdout", "open stderr", "stdin hello", "gone"]);
  });

  it("opens what a terminal needs and passes its size on", async () => {
    const resized: Script = { data: (runtime, stream) => void (stream === "resize" && runtime.finish("")) };
    const kubelet = await startKubelet(resized);
    const client = new Client((await apiServer(kubelet.port, { ...everything, tty: true })).port, [
      "v5.channel.k8s.io",
    ]);
    await client.open();
    client.send(4, '{"Width":80,"Height":24}');
    await client.closed;
    assert.deepEqual(JSON.parse(client.channel(3)), { metadata: {}, status: "Success" });
    const expected = ["open error", "open stdin", "open stdout", "open resize", 'resize {"Width":80,"Height":24}'];
    assert.deepEqual(kubelet.runtimes[0]?.seen.slice(0, 5), expected);
  });

  it("speaks base64, and the oldest protocol's bare message", async () => {
    const kubelet = await startKubelet({
      data: (runtime, stream, bytes) => {
        if (stream === "stdin") runtime.send("stdout", bytes);
        if (bytes.toString() === "end") runtime.finish(exitStatus(1));
      },
    });
    const { port } = await apiServer(kubelet.port);
    const client = new Client(port, ["base64.channel.k8s.io"]);
    await client.open();
    client.socket.send(`0${Buffer.from("end").toString("base64")}`);
    await client.closed;
    const texts = client.messages.map(String);
    assert.deepEqual(texts, [
      "1",
      `1${Buffer.from("end").toString("base64")}`,
      `3${Buffer.from("exit 1").toString("base64")}`,
    ]);
  });

  it("tells a refusal in the error channel from v5 on, and by HTTP before", async () => {
    const kubelet = await startKubelet(cat);
    const { port } = await apiServer(kubelet.port, everything, "/refused");
    const client = new Client(port, ["v5.channel.k8s.io"]);
    await client.open();
    await client.closed;
    const status = JSON.parse(client.channel(3)) as { code: number; message: string };
    assert.deepEqual(
      [status.code, status.message],
      [500, "Internal error occurred: unable to upgrade connection: container not found"],
    );
    await assert.rejects(new Client(port, ["v4.channel.k8s.io"]).open(), /404/);
    await assert.rejects(new Client(port, ["v9.channel.k8s.io"]).open(), /403/);
  });

  it("says so when the kubelet refuses a stream or is lost", async () => {
    const refusing = await startKubelet({ refuse: "stdin" });
    const first = new Client((await apiServer(refusing.port)).port, ["v5.channel.k8s.io"]);
    await first.closed;
    assert.match(first.channel(3), /Internal error occurred: the peer reset the stream with status 3/);
    const dying = await startKubelet({ data: (runtime) => void runtime.socket.destroy() });
    const second = new Client((await apiServer(dying.port)).port, ["v5.channel.k8s.io"]);
    await second.open();
    second.send(0, "x");
    await second.closed;
    assert.match(second.channel(3), /"status":"Failure".*InternalError/);
  });

  it("lets go of the kubelet when the client is gone", async () => {
    const kubelet = await startKubelet(cat);
    const client = new Client((await apiServer(kubelet.port)).port, ["v5.channel.k8s.io"]);
    await client.open();
    await until(() => kubelet.runtimes[0]?.streams.size === 4);
    client.socket.terminate();
    await until(() => kubelet.runtimes[0]?.seen.at(-1) === "gone");
  });

  it("makes the kubelet wait for a client that does not read", async () => {
    let written = 0;
    const piece = Buffer.alloc(64 * 1024, 1);
    const limit = 96 * 1024 * 1024;
    const flood = (runtime: FakeRuntime): void => {
      while (written < limit) {
        written += piece.length;
        if (!runtime.send("stdout", piece)) return;
      }
      runtime.finish("");
    };
    const kubelet = await startKubelet({
      opened: (runtime, stream) => {
        if (stream !== "stderr") return;
        runtime.socket.on("drain", () => flood(runtime));
        flood(runtime);
      },
    });
    const client = new Client((await apiServer(kubelet.port)).port, ["v5.channel.k8s.io"]);
    await client.open();
    client.socket.pause();
    let before = -1;
    while (written !== before) {
      before = written;
      await clock.sleep(300);
    }
    assert.ok(written < 48 * 1024 * 1024, `only what buffers hold is on its way: ${written}`);
    client.socket.resume();
    await client.closed;
    const received = client.messages.reduce((sum, bytes) => sum + (bytes[0] === 1 ? bytes.length - 1 : 0), 0);
    assert.equal(received, limit);
  });
});

describe("a port-forward over WebSocket", () => {
  it("carries the bytes of a SPDY connection", async () => {
    const kubelet = await startKubelet(cat, (socket) => socket.pipe(socket));
    const target = { host: "127.0.0.1", port: kubelet.port, tls: false };
    const { port } = await serve((request) => tunnelSpdy({ connections, clock }, target, "/portForward", request));
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    const socket = connect({ host: "127.0.0.1", port });
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
    socket.write(
      `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n\r\n`,
    );
    await until(() => Buffer.concat(chunks).includes("\r\n\r\n"));
    assert.match(
      Buffer.concat(chunks).toString(),
      /^HTTP\/1.1 101 .*Sec-WebSocket-Protocol: SPDY\/3.1\+portforward.k8s.io\r\n/s,
    );
    assert.deepEqual(kubelet.protocols, [["POST", "SPDY/3.1", "portforward.k8s.io"]]);
    chunks.length = 0;
    const ping = pingFrame(1);
    // One binary message, masked with zeros.
    socket.write(Buffer.concat([Buffer.of(0x82, 0x80 | ping.length, 0, 0, 0, 0), ping]));
    await until(() => Buffer.concat(chunks).length === ping.length + 2);
    assert.deepEqual(Buffer.concat(chunks), Buffer.concat([Buffer.of(0x82, ping.length), ping]));
    socket.destroy();
  });
});
