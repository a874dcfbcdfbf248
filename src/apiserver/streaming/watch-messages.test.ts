import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import type { KubeObject } from "../../apimachinery/index.ts";
import { RealRandom, silentLog, VirtualClock } from "../../base/index.ts";
import { createMemoryStore } from "../../storage/index.ts";
import type { ApiHandler, ApiResponse } from "../http/exchange.ts";
import { type HttpServer, listenHttp } from "../http/server.ts";
import { createLocalClient } from "../local/local-client.ts";
import { createApiServer } from "../server.ts";
import { watchForPeer } from "./watch-messages.ts";

const clock = new VirtualClock();
const platform = { clock, random: new RealRandom() };
const user = { name: "admin", groups: ["system:masters"] };
const store = createMemoryStore(platform);
const server = createApiServer({
  ...platform,
  log: silentLog,
  store,
  authenticator: { name: "test", authenticate: () => ({ type: "authenticated", user }) },
  runtime: { nodeVersion: "26", architecture: "x64" },
});
const stopping = new AbortController();
let running: Promise<void>;
let http: HttpServer;
const maps = createLocalClient(server, { user, userAgent: "test" })
  .resource<KubeObject & { data?: Record<string, string> }>({ group: "", version: "v1", resource: "configmaps" })
  .namespace("default");

before(async () => {
  running = server.run(stopping.signal);
  http = await listenHttp({ host: "127.0.0.1", port: 0, handler: server.handler });
  await maps.create({ metadata: { name: "one" }, data: { text: "a\nb" } });
  await maps.create({ metadata: { name: "two" } });
});

after(async () => {
  stopping.abort();
  await running;
  await http.close(0);
  await store.close();
});

interface Asked {
  readonly accept?: string;
  readonly protocols?: string[];
  readonly origin?: string | undefined;
}

function open(query: string, asked: Asked = {}): WebSocket {
  const url = `ws://127.0.0.1:${http.port}/api/v1/namespaces/default/configmaps?watch=true${query}`;
  const headers = asked.accept === undefined ? {} : { accept: asked.accept };
  const { origin = "http://localhost" } = asked;
  return new WebSocket(url, asked.protocols ?? [], { headers, ...("origin" in asked ? {} : { origin }) });
}

interface Message {
  readonly bytes: Buffer;
  readonly binary: boolean;
}

/** What comes until the server closes, with the code of the close. */
async function all(socket: WebSocket, onMessage: (messages: Message[]) => void = () => {}) {
  const messages: Message[] = [];
  socket.on("message", (bytes: Buffer, binary: boolean) => {
    messages.push({ bytes, binary });
    onMessage(messages);
  });
  const code = await new Promise<number>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", resolve);
  });
  return { messages, code };
}

async function refusal(socket: WebSocket): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    socket.on("error", () => {});
    socket.once("open", () => reject(new Error("opened")));
    socket.once("unexpected-response", (_request, response) => resolve(response.statusCode));
  });
}

test("a WebSocket gets each event as one text message, and a normal close at the watch's end", async () => {
  const socket = open("&fieldSelector=metadata.name!=kube-root-ca.crt&timeoutSeconds=1");
  let moved: Promise<unknown> = Promise.resolve();
  const { messages, code } = await all(socket, ({ length }) => {
    if (length === 2) moved = maps.create({ metadata: { name: "three" } }).then(() => clock.advance(100));
    if (length === 3) moved = moved.then(() => clock.advance(1_000));
  });
  await moved;
  assert.equal(code, 1000);
  assert.deepEqual([...new Set(messages.map(({ binary }) => binary))], [false]);
  assert.ok(
    messages.every(({ bytes }) => bytes.at(-1) === 0x0a),
    "as the encoder writes it, with its line feed",
  );
  const events = messages.map(({ bytes }) => JSON.parse(bytes.toString()) as { type: string; object: KubeObject });
  assert.deepEqual(
    events.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ["ADDED one", "ADDED two", "ADDED three"],
  );
});

test("protobuf goes out as binary messages without the length that streams have", async () => {
  const accept = "application/vnd.kubernetes.protobuf";
  const socket = open("&fieldSelector=metadata.name=one&timeoutSeconds=1", { accept });
  const { messages } = await all(socket, () => void clock.advance(1_000));
  assert.equal(messages.length, 1);
  const { bytes, binary } = messages[0] as Message;
  assert.ok(binary);
  // WatchEvent: the type, then the object with the magic of an envelope.
  assert.equal(bytes.subarray(0, 7).toString(), "\n\u0005ADDED");
  const envelope = bytes.indexOf("k8s\0");
  assert.ok(envelope > 7 && envelope < 20);
});

test("what ends a watch before it begins is told as an event", async () => {
  const frame = Buffer.from('{"type":"ERROR","object":{"code":410}}\n');
  const answer = {
    status: 200,
    headers: { "content-type": "application/json" },
    body: { type: "bytes", bytes: frame },
  };
  const handler: ApiHandler = async (request) => watchForPeer(request, answer as ApiResponse, platform.clock);
  const refusing = await listenHttp({ host: "127.0.0.1", port: 0, handler });
  const { messages, code } = await all(new WebSocket(`ws://127.0.0.1:${refusing.port}/`, { origin: "http://a" }));
  await refusing.close(0);
  assert.deepEqual([messages.length, messages[0]?.bytes, code], [1, frame, 1000]);
});

test("a sub-protocol is taken whatever it is, two are refused, and so is who tells no origin", async () => {
  const socket = open("&timeoutSeconds=1", { protocols: ["base64.binary.k8s.io"] });
  await new Promise((resolve) => socket.once("open", resolve));
  assert.equal(socket.protocol, "base64.binary.k8s.io");
  socket.terminate();
  assert.equal(await refusal(open("", { protocols: ["one", "two"] })), 400);
  assert.equal(await refusal(open("", { origin: undefined })), 403);
});

test("what cannot be watched is refused before the upgrade", async () => {
  assert.equal(await refusal(open("&labelSelector=a%20b%20c")), 400);
});

test("a client that goes away ends its watch", async () => {
  const socket = open("");
  await new Promise((resolve) => socket.once("message", resolve));
  const before = [await openWatches(), interested()];
  socket.terminate();
  while ((await openWatches()) === before[0]) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    [await openWatches(), interested()],
    before.map((count) => count - 1),
  );
});

/** As flow control counts them, for writes in the namespace. */
function interested(): number {
  return server.openWatches.interested({ group: "", resource: "configmaps", namespace: "default", name: "" });
}

async function openWatches(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${http.port}/metrics`)).text();
  const line = /^apiserver_longrunning_requests\{.*resource="configmaps".*\} (\d+)$/m.exec(text);
  return Number(line?.[1]);
}
