import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureServer, type Http2SecureServer, type Http2Session, type ServerHttp2Stream } from "node:http2";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ApiHandler, Peer } from "./exchange.ts";
import { answerBroken, unknownMethodRequest } from "./broken.ts";
import { serveExpecting, serveHttp1, serveRaw, serveUpgrade } from "./http1.ts";
import { serveStream } from "./http2.ts";

export interface TlsIdentity {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** PEM of the authorities whose client certificates are asked for. */
  readonly clientCa?: string;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** Without it the server speaks plain HTTP/1.1: for tests on loopback. */
  readonly tls?: TlsIdentity;
  readonly handler: ApiHandler;
  /** Asked at each request over HTTP/2: whether its client is told to make a new connection. `--goaway-chance`. */
  readonly goaway?: () => boolean;
  /** Told of each TLS handshake that failed. */
  readonly onHandshakeError?: () => void;
}

export interface HttpServer {
  readonly port: number;
  /** Takes a renewed certificate for connections from now on. */
  renew(identity: TlsIdentity): void;
  /** Stops accepting, lets running requests end within the grace period, then cuts. */
  close(graceMs: number): Promise<void>;
}

/** Streams that one HTTP/2 connection may have open. Upstream: 250, raised here for many watches per client. */
const concurrentStreamsMax = 1_000;
/**
 * What one HTTP/2 connection may hold of answers that its client has not read. Beyond it Node.js ends the connection and
 * all of its watches, of which each may hold a batch of events; its own limit of 10 MB is reached by eighty of them.
 */
const sessionMegabytesMax = 256;
const headerBytesMax = 1024 * 1024;

/** HTTP/1.1 and HTTP/2 on one port, chosen by ALPN. */
export async function listenHttp(options: HttpServerOptions): Promise<HttpServer> {
  const connections = new Set<Socket>();
  const sessions = new Set<Http2Session>();
  const server =
    options.tls === undefined ? await plainServer(options.handler) : secureServer(options.tls, options, sessions);
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.setNoDelay(true);
    socket.once("close", () => connections.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  server.removeAllListeners("error");
  server.on("error", () => {});
  const { port } = server.address() as AddressInfo;
  return {
    port,
    renew: ({ key, cert, clientCa }) => {
      if ("setSecureContext" in server)
        server.setSecureContext({ key, cert, ...(clientCa === undefined ? {} : { ca: clientCa }) });
    },
    close: (graceMs) => closeServer(server, connections, sessions, graceMs),
  };
}

async function plainServer(handler: ApiHandler): Promise<Server> {
  // Importing it loads an HTTP client as well, which a server over TLS never needs.
  const { createServer: createPlainServer } = await import("node:http");
  const server = createPlainServer({ noDelay: true, maxHeaderSize: headerBytesMax }, (request, response) => {
    serveHttp1(request, response, peerOf(request.socket), handler);
  });
  server.on("upgrade", (request, socket, head) => serveUpgrade(request, socket, head, peerOf(request.socket), handler));
  tune(server, handler);
  return server;
}

function secureServer(
  tls: TlsIdentity,
  { handler, goaway, onHandshakeError }: HttpServerOptions,
  sessions: Set<Http2Session>,
): Http2SecureServer {
  const server = createSecureServer({
    allowHTTP1: true,
    key: tls.key,
    cert: tls.cert,
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa }),
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    // For HTTP/1.1; the types do not know it.
    ...({ maxHeaderSize: headerBytesMax } as object),
    settings: {
      maxConcurrentStreams: concurrentStreamsMax,
      initialWindowSize: 1024 * 1024,
      maxHeaderListSize: headerBytesMax,
    },
    maxHeaderListPairs: 2_000,
    maxSessionMemory: sessionMegabytesMax,
  });
  server.on("stream", (stream, headers) => {
    const peer = peerOf(stream.session?.socket as TLSSocket | undefined);
    serveStream(stream as ServerHttp2Stream, headers, peer, handler);
    if (goaway?.() === true) stream.session?.close();
  });
  server.on("request", (request, response) => {
    if (request.httpVersionMajor >= 2) return;
    serveHttp1(
      request as unknown as IncomingMessage,
      response as unknown as ServerResponse,
      peerOf(request.socket as TLSSocket),
      handler,
    );
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    serveUpgrade(request, socket, head, peerOf(socket as TLSSocket), handler);
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.setLocalWindowSize(4 * 1024 * 1024);
    session.once("close", () => sessions.delete(session));
    session.on("error", () => {});
  });
  server.on("sessionError", () => {});
  server.on("tlsClientError", () => onHandshakeError?.());
  tune(server as unknown as Server, handler);
  return server;
}

/** Watches and uploads may last; only heads must come in time. */
function tune(server: Server, handler: ApiHandler): void {
  Object.assign(server, { shouldUpgradeCallback: ({ headers }: IncomingMessage) => mayUpgrade(headers) });
  server.on("connect", (request, socket, head) => serveUpgrade(request, socket, head, peerOf(request.socket), handler));
  server.on("checkContinue", (request, response) => serveExpecting(request, response, peerOf(request.socket), handler));
  server.on("clientError", (error, socket) => {
    const request = unknownMethodRequest(error, socket, peerOf(socket as Socket));
    if (request === undefined) answerBroken(error, socket);
    else serveRaw(request, socket, handler);
  });
  server.requestTimeout = 0;
  server.headersTimeout = 32_000;
  server.keepAliveTimeout = 180_000;
  server.timeout = 0;
}

/**
 * Whoever offers h2c gets an ordinary answer; any other protocol may be meant for what is behind a proxy path. With an
 * upgrade the body would be lost to whoever answers without one.
 */
function mayUpgrade(headers: IncomingMessage["headers"]): boolean {
  if (headers.upgrade === "h2c") return false;
  return headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0;
}

const peers = new WeakMap<object, Peer>();
const nobody: Peer = { remoteAddress: "", clientCertificates: [] };

/** One peer object per connection. */
function peerOf(socket: Socket | TLSSocket | undefined): Peer {
  if (socket === undefined) return nobody;
  let peer = peers.get(socket);
  if (peer === undefined) {
    peer = { remoteAddress: socket.remoteAddress ?? "", clientCertificates: certificatesOf(socket) };
    peers.set(socket, peer);
  }
  return peer;
}

function certificatesOf(socket: Socket | TLSSocket): readonly Uint8Array[] {
  // An HTTP/2 session's socket is a proxy that answers reads, but not `in`.
  if (typeof (socket as Partial<TLSSocket>).getPeerCertificate !== "function") return [];
  const chain: Uint8Array[] = [];
  let certificate = (socket as TLSSocket).getPeerCertificate(true);
  while (certificate?.raw !== undefined) {
    chain.push(certificate.raw);
    const issuer = certificate.issuerCertificate;
    if (issuer === undefined || issuer === certificate || chain.length >= 10) break;
    if (issuer.raw?.equals(certificate.raw) === true) break;
    certificate = issuer;
  }
  return chain;
}

function closeServer(
  server: Server | Http2SecureServer,
  connections: ReadonlySet<Socket>,
  sessions: ReadonlySet<Http2Session>,
  graceMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      for (const session of sessions) session.destroy();
      for (const socket of connections) socket.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    for (const session of sessions) session.close();
    if ("closeIdleConnections" in server) server.closeIdleConnections();
  });
}
