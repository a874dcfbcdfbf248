import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex, Writable } from "node:stream";
import { newRequestEntityTooLarge } from "../../apimachinery/index.ts";
import type { ApiHandler, ApiRequest, ApiResponse, Peer, StreamSink, TakenOver } from "./exchange.ts";
import { wholeOf } from "./reply.ts";
import { handleInTurn } from "./turns.ts";

/** Carries one HTTP/1.1 request to the handler and its response back. */
export function serveHttp1(message: IncomingMessage, response: ServerResponse, peer: Peer, handler: ApiHandler): void {
  serveRequest(new Http1Request(message, response, peer), message, response, handler);
}

/** The same for a client that sends its body once it is told to go on: when the body is asked for. */
export function serveExpecting(
  message: IncomingMessage,
  response: ServerResponse,
  peer: Peer,
  handler: ApiHandler,
): void {
  serveRequest(new ExpectingRequest(message, response, peer), message, response, handler);
}

function serveRequest(
  request: Http1Request,
  message: IncomingMessage,
  response: ServerResponse,
  handler: ApiHandler,
): void {
  handleInTurn(request, handler, {
    gone: () => response.destroyed,
    send: (answer) => sendHttp1(message, response, answer),
    cut: () => void response.destroy(),
  });
}

export function serveUpgrade(
  message: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  peer: Peer,
  handler: ApiHandler,
): void {
  socket.on("error", () => socket.destroy());
  serveRaw(new UpgradeRequest(message, socket, head, peer), socket, handler);
}

/** Answers on the bare connection, which ends with the answer. */
export function serveRaw(request: ApiRequest, socket: Duplex, handler: ApiHandler): void {
  handler(request).then(
    (answer) => sendRaw(socket, answer),
    () => socket.destroy(),
  );
}

class Http1Request implements ApiRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly peer: Peer;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse | undefined;
  #controller: AbortController | undefined;

  constructor(message: IncomingMessage, response: ServerResponse | undefined, peer: Peer) {
    this.method = message.method ?? "GET";
    this.target = targetOf(message.url ?? "/");
    this.headers = message.headers;
    this.peer = peer;
    this.#message = message;
    this.#response = response;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#response?.once("close", () => {
        if (this.#response?.writableFinished !== true) controller.abort(new Error("the client went away"));
      });
    }
    return this.#controller.signal;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    return readBody(this.#message, Number(this.headers["content-length"] ?? Number.NaN), limitBytes);
  }
}

class ExpectingRequest extends Http1Request {
  readonly #response: ServerResponse;

  constructor(message: IncomingMessage, response: ServerResponse, peer: Peer) {
    super(message, response, peer);
    this.#response = response;
  }

  override body(limitBytes: number): Promise<Uint8Array> {
    this.#response.writeContinue();
    return super.body(limitBytes);
  }
}

class UpgradeRequest extends Http1Request {
  readonly takeOver: () => TakenOver;

  constructor(message: IncomingMessage, socket: Duplex, head: Uint8Array, peer: Peer) {
    super(message, undefined, peer);
    this.takeOver = () => ({ socket, head });
  }

  override body(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array());
  }
}

const slash = 0x2f;

/** Clients may write the whole URL, of which only path and query are asked for. */
function targetOf(url: string): string {
  if (url.charCodeAt(0) === slash) return url;
  const [whole = "", rest = ""] = /^https?:\/\/[^/?#]*(.*)$/is.exec(url) ?? [];
  if (whole === "") return url;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Reads a body into one piece. The limit is the last byte that is still fine. */
export function readBody(
  stream: NodeJS.ReadableStream & { destroyed?: boolean },
  announced: number,
  limitBytes: number,
): Promise<Uint8Array> {
  const tooLarge = (): Error => newRequestEntityTooLarge(`limit is ${limitBytes}`);
  return new Promise((resolve, reject) => {
    if (announced > limitBytes) {
      stream.resume();
      return reject(tooLarge());
    }
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limitBytes) chunks.push(chunk);
      else reject(tooLarge());
    });
    stream.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    // A message that is cut short fails; one that has ended settles above first.
    stream.on("error", reject);
  });
}

function sendHttp1(message: IncomingMessage, response: ServerResponse, answer: ApiResponse): void {
  if (response.destroyed || response.headersSent) return;
  const { body, headers } = answer;
  if (!message.complete) {
    // The rest of the body is not wanted: answer and let the connection go.
    headers["connection"] = "close";
  }
  switch (body.type) {
    case "none":
      if (mayHaveBody(answer.status)) headers["content-length"] ??= "0";
      response.writeHead(answer.status, headers).end();
      return;
    case "bytes":
      headers["content-length"] = String(body.bytes.length);
      response.writeHead(answer.status, headers).end(message.method === "HEAD" ? undefined : body.bytes);
      return;
    case "parts":
      headers["content-length"] = String(body.length);
      response.writeHead(answer.status, headers);
      if (message.method === "HEAD") response.end();
      else writeParts(response, body.parts[Symbol.iterator]());
      return;
    case "stream":
      response.writeHead(answer.status, headers);
      response.flushHeaders();
      body.run(sinkOf(response));
      return;
    case "taken":
      return;
  }
}

/** Whether a status says that no body comes, so that none need be said to be empty. */
export function mayHaveBody(status: number): boolean {
  return status !== 304 && status !== 204;
}

/** Writes as fast as the peer reads: each part when the one before has left. */
export function writeParts(response: Writable, parts: Iterator<Uint8Array>): void {
  if (response.destroyed) return;
  const step = parts.next();
  if (step.done === true) response.end();
  else response.write(step.value, () => writeParts(response, parts));
}

function sinkOf(response: Writable): StreamSink {
  return {
    write: (bytes) => response.write(bytes),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
    onDrain: (listener) => void response.on("drain", listener),
    onClose: (listener) => void response.once("close", listener),
    get closed() {
      return response.destroyed || response.writableEnded;
    },
  };
}

/** An answer to an upgrade that does not come about, written by hand: there is no response object for those. */
function sendRaw(socket: Duplex, answer: ApiResponse): void {
  if (answer.body.type === "taken") return;
  const { body } = answer;
  const bytes = body.type === "bytes" ? body.bytes : body.type === "parts" ? wholeOf(body) : new Uint8Array();
  // What goes on ends with the connection.
  const length = body.type === "stream" ? {} : { "content-length": String(bytes.length) };
  const headers = { ...answer.headers, ...length, connection: "close" };
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`));
  socket.write(`HTTP/1.1 ${answer.status} \r\n${lines.join("\r\n")}\r\n\r\n`);
  if (body.type === "stream") body.run(sinkOf(socket));
  else socket.end(bytes);
}
