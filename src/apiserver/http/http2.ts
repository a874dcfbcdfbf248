import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import type { ApiHandler, ApiRequest, ApiResponse, Peer, StreamSink } from "./exchange.ts";
import { mayHaveBody, readBody, writeParts } from "./http1.ts";
import { handleInTurn } from "./turns.ts";

/** Carries one HTTP/2 stream to the handler and its response back. */
export function serveStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  peer: Peer,
  handler: ApiHandler,
): void {
  stream.on("error", () => {});
  const request = new Http2Request(stream, headers, peer);
  handleInTurn(request, handler, {
    gone: () => stream.destroyed,
    send: (answer) => send(stream, request.method, answer),
    cut: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  });
}

class Http2Request implements ApiRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly peer: Peer;
  readonly #stream: ServerHttp2Stream;
  #controller: AbortController | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, peer: Peer) {
    this.method = headers[":method"] ?? "GET";
    this.target = headers[":path"] ?? "/";
    this.headers = headers;
    this.peer = peer;
    this.#stream = stream;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#stream.once("close", () => {
        if (!this.#stream.writableFinished) controller.abort(new Error("the client went away"));
      });
    }
    return this.#controller.signal;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    if (this.#stream.endAfterHeaders) return Promise.resolve(new Uint8Array());
    return readBody(this.#stream, Number(this.headers["content-length"] ?? Number.NaN), limitBytes);
  }
}

function send(stream: ServerHttp2Stream, method: string, answer: ApiResponse): void {
  if (stream.destroyed || stream.closed) return;
  const { body } = answer;
  const headers: OutgoingHttpHeaders = { ":status": answer.status, ...answer.headers };
  if (headers["connection"] !== undefined) {
    // HTTP/2 has a frame for it: streams under way end, new ones need a new connection.
    delete headers["connection"];
    stream.session?.close();
  }
  if (body.type === "bytes") headers["content-length"] = body.bytes.length;
  if (body.type === "parts") headers["content-length"] = body.length;
  if (body.type === "none" && mayHaveBody(answer.status)) headers["content-length"] ??= 0;
  if (body.type === "none" || method === "HEAD") {
    stream.respond(headers, { endStream: true });
    return;
  }
  stream.respond(headers);
  if (body.type === "bytes") stream.end(body.bytes);
  else if (body.type === "parts") writeParts(stream, body.parts[Symbol.iterator]());
  else if (body.type === "stream") body.run(sinkOf(stream));
}

function sinkOf(stream: ServerHttp2Stream): StreamSink {
  return {
    write: (bytes) => stream.write(bytes),
    end: () => void stream.end(),
    destroy: () => stream.close(constants.NGHTTP2_CANCEL),
    onDrain: (listener) => void stream.on("drain", listener),
    onClose: (listener) => void stream.once("close", listener),
    get closed() {
      return stream.destroyed || stream.closed;
    },
  };
}
