import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import { type Clock, PlatformError, type Timer } from "../../base/index.ts";
import type { HttpRequest, HttpResponse } from "./transport.ts";

export interface Http2PoolOptions {
  readonly authority: string;
  readonly clock: Clock;
  readonly connect: () => Promise<TLSSocket>;
}

/** As upstream's clients: a connection silent for so long is asked for a sign of life. */
const readIdleTimeoutMs = 30_000;
const pingTimeoutMs = 15_000;
/** Never more exchanges on one connection than this, whatever the server allows. */
const streamsPerSessionMax = 100;
const attemptsMax = 3;

interface Session {
  readonly session: ClientHttp2Session;
  streams: number;
}

/** Connections that share the exchanges among them; a further one is opened when all are full. */
export class Http2Pool {
  readonly #options: Http2PoolOptions;
  #sessions: Session[] = [];
  #connecting: Promise<void> | undefined;

  constructor(options: Http2PoolOptions) {
    this.#options = options;
  }

  /** Takes over a connection that negotiated `h2`. */
  adopt(socket: TLSSocket): void {
    this.#open(socket);
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt += 1) {
      const session = await this.#acquire();
      try {
        return await exchange(session, request);
      } catch (error) {
        if (!(error instanceof RefusedStream) || attempt >= attemptsMax) throw unwrap(error);
        this.#remove(session);
      }
    }
  }

  retire(): void {
    const retired = this.#sessions;
    this.#sessions = [];
    for (const { session } of retired) session.close();
  }

  close(): void {
    const closed = this.#sessions;
    this.#sessions = [];
    for (const { session } of closed) session.destroy();
  }

  /** Reserves a place on a connection; `exchange` gives it back. */
  async #acquire(): Promise<Session> {
    for (;;) {
      const free = this.#sessions.find(hasRoom);
      if (free !== undefined) {
        free.streams += 1;
        return free;
      }
      this.#connecting ??= this.#options
        .connect()
        .then((socket) => void this.#open(socket))
        .finally(() => {
          this.#connecting = undefined;
        });
      await this.#connecting;
    }
  }

  #open(socket: TLSSocket): Session {
    const session = connect(this.#options.authority, {
      createConnection: () => socket,
      settings: { enablePush: false },
    });
    session.setLocalWindowSize(4 * 1024 * 1024);
    const entry: Session = { session, streams: 0 };
    const stop = keepAlive(session, socket, this.#options.clock);
    const remove = (): void => {
      stop();
      this.#remove(entry);
    };
    session.once("close", remove);
    session.on("goaway", () => this.#remove(entry));
    session.on("error", remove);
    this.#sessions.push(entry);
    return entry;
  }

  #remove(entry: Session): void {
    this.#sessions = this.#sessions.filter((other) => other !== entry);
  }
}

function hasRoom({ session, streams }: Session): boolean {
  if (session.closed || session.destroyed) return false;
  const allowed = session.remoteSettings?.maxConcurrentStreams ?? streamsPerSessionMax;
  return streams < Math.min(allowed, streamsPerSessionMax);
}

function keepAlive(session: ClientHttp2Session, socket: TLSSocket, clock: Clock): () => void {
  let stopped = false;
  let timer: Timer | undefined;
  let bytesSeen = -1;
  const check = (): void => {
    if (stopped || session.destroyed) return;
    const bytes = socket.bytesRead;
    if (bytes !== bytesSeen) {
      bytesSeen = bytes;
      timer = clock.after(readIdleTimeoutMs, check);
      return;
    }
    timer = clock.after(pingTimeoutMs, () =>
      session.destroy(new PlatformError("ETIMEDOUT", "http2: client connection lost")),
    );
    session.ping(() => {
      timer?.cancel();
      if (!stopped) timer = clock.after(readIdleTimeoutMs, check);
    });
  };
  timer = clock.after(readIdleTimeoutMs, check);
  return () => {
    stopped = true;
    timer?.cancel();
  };
}

/** The server did not look at the request: another connection may be tried. */
class RefusedStream extends Error {}

function unwrap(error: unknown): unknown {
  return error instanceof RefusedStream ? new PlatformError("ECONNRESET", error.message) : error;
}

function exchange(entry: Session, request: HttpRequest): Promise<HttpResponse> {
  const { signal, body } = request;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true || entry.session.closed || entry.session.destroyed) {
      entry.streams -= 1;
      return reject(signal?.aborted === true ? signal.reason : new RefusedStream("the connection is closed"));
    }
    const stream = entry.session.request(outgoingHeaders(request), { endStream: body === undefined });
    const onAbort = (): void => {
      stream.close(constants.NGHTTP2_CANCEL);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    stream.on("error", (error) => reject(signal?.aborted === true ? signal.reason : streamError(stream, error)));
    stream.once("close", () => {
      entry.streams -= 1;
      signal?.removeEventListener("abort", onAbort);
      reject(streamError(stream, new Error("the connection was cut before an answer")));
    });
    stream.once("response", (headers) => resolve(http2Response(stream, headers)));
    if (body !== undefined) stream.end(body);
  });
}

function streamError(stream: ClientHttp2Stream, error: Error): Error {
  const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  const unsent =
    "code" in error && (error.code === "ERR_HTTP2_GOAWAY_SESSION" || error.code === "ERR_HTTP2_INVALID_SESSION");
  if (refused || unsent) return new RefusedStream(error.message);
  return error instanceof PlatformError ? error : new PlatformError("ECONNRESET", error.message, { cause: error });
}

function outgoingHeaders(request: HttpRequest): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ":method": request.method, ":path": request.path };
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = typeof value === "string" ? value : [...value];
  return headers;
}

function http2Response(stream: ClientHttp2Stream, incoming: IncomingHttpHeaders): HttpResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (value === undefined || name.startsWith(":")) continue;
    headers[name] = Array.isArray(value) ? value.join(", ") : String(value);
  }
  return {
    status: Number(incoming[":status"] ?? 0),
    headers,
    body: stream,
    close: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}
