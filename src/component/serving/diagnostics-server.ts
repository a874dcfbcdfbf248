import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { TLSSocket } from "node:tls";
import {
  type Address,
  type Listener,
  type ListenOptions,
  type Log,
  messageOf,
  type Network,
} from "../../base/index.ts";
import type { DiagnosticsAnswer, DiagnosticsHandler, DiagnosticsRequest } from "./diagnostics.ts";

// Not imported: an import statement evaluates every export, and one of them is a whole HTTP client of its own.
const { createServer: createPlainServer } = process.getBuiltinModule("node:http");

export interface ServingCertificate {
  /** With its chain. */
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface TlsLimits {
  /** Default TLSv1.2. */
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  /** By OpenSSL's names. */
  readonly ciphers?: readonly string[];
  /** Default: HTTP/2 and HTTP/1.1, as the client likes. */
  readonly onlyHttp1?: boolean;
  /** Streams of one HTTP/2 connection. Default 250, as Go's. */
  readonly streamsMax?: number;
}

export interface DiagnosticsServerOptions {
  readonly network: Network;
  readonly address: Address;
  readonly log: Log;
  /** Without it, plain HTTP. */
  readonly certificate?: ServingCertificate;
  readonly tls?: TlsLimits;
  /** Asked in order; what none of them answers is 404. */
  readonly handlers: readonly DiagnosticsHandler[];
  readonly listen?: ListenOptions;
}

export interface DiagnosticsServer extends Listener {
  /** Takes a renewed certificate for connections from now on. */
  renew(certificate: ServingCertificate): void;
}

/** Idle connections are cut after it. */
const idleTimeoutMs = 120_000;

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

/** Serves health, metrics and the like of a component that has no API of its own. Only reads. */
export async function startDiagnosticsServer(options: DiagnosticsServerOptions): Promise<DiagnosticsServer> {
  const respond = (incoming: Incoming, response: Outgoing): void => {
    void answer(options, incoming).then((found) => send(incoming, response, found));
  };
  const { certificate, network, address } = options;
  const secure = certificate === undefined ? undefined : await secureServer(certificate, options.tls ?? {}, respond);
  const server = secure ?? createPlainServer(respond);
  server.setTimeout(idleTimeoutMs);
  const onConnection = (stream: unknown): void => void server.emit("connection", stream);
  const listener = await network.listen(address, onConnection, options.listen);
  return {
    address: listener.address,
    renew: ({ certificatePem: cert, keyPem: key }) => secure?.setSecureContext({ cert, key }),
    close: () => listener.close(),
  };
}

async function secureServer(
  { certificatePem: cert, keyPem: key }: ServingCertificate,
  { minVersion = "TLSv1.2", ciphers, onlyHttp1 = false, streamsMax = 250 }: TlsLimits,
  respond: (incoming: Incoming, response: Outgoing) => void,
): Promise<Http2SecureServer | HttpsServer> {
  const options = {
    ...{ cert, key, minVersion },
    // Whose certificate it is and whether to believe it is for a handler to judge.
    ...{ requestCert: true, rejectUnauthorized: false },
    ...(ciphers === undefined ? {} : { ciphers: ciphers.join(":") }),
  };
  const server = onlyHttp1
    ? (await import("node:https")).createServer(options, respond)
    : (await import("node:http2")).createSecureServer(
        { ...options, allowHTTP1: true, settings: { maxConcurrentStreams: streamsMax } },
        respond,
      );
  server.on("sessionError", () => {});
  server.on("tlsClientError", () => {});
  return server;
}

async function answer(options: DiagnosticsServerOptions, incoming: Incoming): Promise<DiagnosticsAnswer> {
  try {
    const request = readRequest(incoming);
    for (const handler of options.handlers) {
      const found = await handler(request);
      if (found !== undefined) return found;
    }
    return text(404, "404 page not found\n");
  } catch (error) {
    options.log.error("Diagnostics request failed", { path: incoming.url, error: messageOf(error) });
    return text(500, "Internal Server Error\n");
  }
}

function readRequest(incoming: Incoming): DiagnosticsRequest {
  const target = incoming.url ?? "/";
  const url = new URL(target.startsWith("/") ? `http://component${target}` : target);
  const { socket, headers } = incoming;
  return {
    method: incoming.method ?? "GET",
    target,
    path: url.pathname,
    query: url.searchParams,
    accept: headers.accept,
    headers,
    clientCertificates: certificatesOf(socket as TLSSocket),
    remoteAddress: socket.remoteAddress ?? "",
  };
}

const chainMax = 10;
const known = new WeakMap<object, readonly Uint8Array[]>();

/** The chain that the client sent, read once for each connection. */
function certificatesOf(socket: TLSSocket): readonly Uint8Array[] {
  if (typeof (socket as Partial<TLSSocket>).getPeerCertificate !== "function") return [];
  const before = known.get(socket);
  if (before !== undefined) return before;
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < chainMax) {
    chain.push(certificate.raw);
    const issuer = certificate.issuerCertificate;
    if (issuer?.raw === undefined || issuer.raw.equals(certificate.raw)) break;
    certificate = issuer;
  }
  known.set(socket, chain);
  return chain;
}

function send(request: Incoming, response: Outgoing, answered: DiagnosticsAnswer): void {
  const { status, contentType, body, headers } = answered;
  // The client may have gone meanwhile.
  if (response.destroyed || ("stream" in response && response.stream?.destroyed === true)) return;
  (response as ServerResponse).writeHead(status, {
    ...headers,
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-cache, private",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(request.method === "HEAD" ? "" : body);
}

function text(status: number, body: string): DiagnosticsAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body };
}
