import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { messageOf } from "../../base/index.ts";
import {
  newServiceUnavailable,
  newFailure,
  newGenericServerResponse,
  newBadRequest,
  newInternalError,
} from "../../apimachinery/index.ts";
import { goReason } from "../admission/webhook/go-reason.ts";
import { bodyBytesMax } from "../handlers/body.ts";
import type { ApiRequest, ApiResponse, StreamSink } from "../http/exchange.ts";
import type { Connections, Target } from "./kubelet-connection.ts";
import { keepAlive } from "./web-socket.ts";

const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const ours: ReadonlySet<string> = new Set([
  "authorization",
  "host",
  "content-length",
  "impersonate-user",
  "impersonate-group",
  "impersonate-uid",
]);
const errorBytesMax = 50_000;

/** Passes a response on as it comes. */
export function streamed(response: IncomingMessage, headers: Record<string, string | string[]>): ApiResponse {
  return {
    status: response.statusCode ?? 502,
    headers,
    body: {
      type: "stream",
      run: (sink: StreamSink) => {
        response.on("data", (bytes: Buffer) => {
          if (!sink.write(bytes)) response.pause();
        });
        sink.onDrain(() => response.resume());
        sink.onClose(() => response.destroy());
        response.once("end", () => sink.end());
        response.once("error", () => sink.destroy());
      },
    },
  };
}

/** What a kubelet refuses, in the words of upstream's response checker. */
export async function refusalOf(response: IncomingMessage, name: string): Promise<Error> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > errorBytesMax) break;
  }
  const text = Buffer.concat(chunks).toString();
  const code = response.statusCode ?? 500;
  if (code === 500) return newInternalError(text);
  if (code === 400) return newBadRequest(text);
  return newGenericServerResponse({
    code,
    verb: "",
    resource: { group: "", resource: "pods" },
    name,
    serverMessage: text,
    retryAfterSeconds: 0,
    isUnexpected: false,
  });
}

/** The head of the answer to one plain request. Throws `StatusError` 503. */
export async function forwarded(
  connections: Connections,
  target: Target,
  request: ApiRequest,
  path: string,
  headers: PassedHeaders,
): Promise<IncomingMessage> {
  const body = await request.body(bodyBytesMax);
  try {
    return await connections.send(target, {
      method: request.method,
      path,
      headers: { ...headers, ...(body.length === 0 ? {} : { "content-length": String(body.length) }) },
      body,
      signal: request.signal,
    });
  } catch (error) {
    throw newServiceUnavailable(`error trying to reach service: ${goReason(messageOf(error))}`);
  }
}

/** An answer's headers but for those that concern the connection with whoever gave it. */
export function answerHeaders(response: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !hopByHop.has(name)) headers[name] = value;
  }
  return headers;
}

export type PassedHeaders = Readonly<Record<string, string | readonly string[]>>;

/** The client's headers but for those that concern its connection with this server. */
export function passedOn(request: Pick<ApiRequest, "headers">): PassedHeaders {
  const headers: Record<string, string | readonly string[]> = {};
  const named = namedIn(request.headers["connection"]);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(":") || hopByHop.has(name) || ours.has(name)) continue;
    if (named?.includes(name) === true) continue;
    // Who asks is for this server to say.
    if (name.startsWith("x-remote-")) continue;
    headers[name] = value;
  }
  return headers;
}

/** Headers that concern a connection alone, as its ends say. */
function namedIn(connection: string | readonly string[] | undefined): readonly string[] | undefined {
  if (typeof connection !== "string") return undefined;
  return connection.split(",").map((name) => name.trim().toLowerCase());
}

/** Whom the request came through, its client being the last of them. Upstream: `AppendForwardedForHeader`. */
export function forwardedFor({ headers, peer: { remoteAddress } }: ApiRequest): PassedHeaders {
  // In this process.
  if (remoteAddress === "") return {};
  return { "x-forwarded-for": [headers["x-forwarded-for"] ?? [], remoteAddress].flat().join(", ") };
}

/**
 * Hands an upgrade on: the request goes to the target as it came, under another path, and from then on bytes pass
 * both ways untouched, whatever protocol the two ends have agreed on.
 */
export async function splice(
  connections: Connections,
  target: Target,
  request: ApiRequest,
  path: string,
  more: PassedHeaders = {},
): Promise<ApiResponse> {
  const { takeOver } = request;
  if (takeOver === undefined) throw newBadRequest("Upgrade request required");
  let upstream: Duplex;
  try {
    upstream = await connections.open(target, request.signal);
  } catch (error) {
    throw newFailure(500, "", `error dialing backend: ${goReason(messageOf(error))}`);
  }
  const { socket, head } = takeOver();
  upstream.write(upgradeHead(request, target, path, more));
  if (head.length > 0) upstream.write(head);
  const end = (): void => {
    socket.destroy();
    upstream.destroy();
  };
  for (const side of [socket, upstream]) {
    keepAlive(side);
    side.on("error", end);
    side.on("close", end);
  }
  socket.pipe(upstream);
  upstream.pipe(socket);
  return { status: 101, headers: {}, body: { type: "taken" } };
}

function upgradeHead(request: ApiRequest, { host, port }: Target, path: string, more: PassedHeaders): string {
  const { host: toldHost = `${host}:${port}`, ...others } = more;
  const lines = [`${request.method} ${path} HTTP/1.1`, `Host: ${String(toldHost)}`];
  const { connection, upgrade, ...rest } = request.headers;
  for (const [name, value] of Object.entries({ connection, upgrade, ...passedOn({ headers: rest }), ...others })) {
    if (value === undefined) continue;
    for (const one of typeof value === "string" ? [value] : value) lines.push(`${name}: ${one}`);
  }
  if (request.method === "POST") lines.push("Content-Length: 0");
  return `${lines.join("\r\n")}\r\n\r\n`;
}
