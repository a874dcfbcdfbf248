import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { TLSSocket } from "node:tls";
import { type Address, type Listener, type Log, messageOf, type Network } from "../../base/index.ts";
import type { DiagnosticsAnswer, DiagnosticsHandler, DiagnosticsRequest } from "./diagnostics.ts";

// Not imported: an import statement evaluates every export, and one of them is a whole HTTP client of its own.
const { createServer: createPlainServer } = process.getBuiltinModule("node:http");

export interface ServingCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Client certificates signed by it are accepted; without it none is asked for. */
  readonly clientAuthorityPem?: string;
}

export interface DiagnosticsServerOptions {
  readonly network: Network;
  readonly address: Address;
  readonly log: Log;
  /** Without it, plain HTTP. */
  readonly certificate?: ServingCertificate;
  /** Asked in order; what none of them answers is 404. */
  readonly handlers: readonly DiagnosticsHandler[];
}

const requestTimeoutMs = 30_000;

/** Serves health, metrics and the like of a component that has no API of its own. Only reads. */
export async function startDiagnosticsServer(options: DiagnosticsServerOptions): Promise<Listener> {
  const respond: RequestListener = (request, response) => {
    void answer(options, request).then((found) => send(request, response, found));
  };
  const server = createServer(options.certificate, respond);
  server.requestTimeout = requestTimeoutMs;
  const listener = await options.network.listen(options.address, (stream) => void server.emit("connection", stream));
  const close = async (): Promise<void> => {
    await listener.close();
    server.closeAllConnections();
  };
  return { address: listener.address, close };
}

function createServer(certificate: ServingCertificate | undefined, respond: RequestListener): Server {
  if (certificate === undefined) return createPlainServer(respond);
  const { certificatePem: cert, keyPem: key, clientAuthorityPem: ca } = certificate;
  return createTlsServer(
    { cert, key, ca, requestCert: ca !== undefined, rejectUnauthorized: false, minVersion: "TLSv1.2" },
    respond,
  );
}

async function answer(options: DiagnosticsServerOptions, incoming: IncomingMessage): Promise<DiagnosticsAnswer> {
  try {
    const request = readRequest(incoming);
    if (request.method !== "GET" && request.method !== "HEAD") return text(405, "Method Not Allowed\n");
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

function readRequest(incoming: IncomingMessage): DiagnosticsRequest {
  const url = new URL(incoming.url ?? "/", "http://component");
  return {
    method: incoming.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    accept: incoming.headers.accept,
    authorization: incoming.headers.authorization,
    clientCertificate: clientCertificateOf(incoming),
  };
}

function clientCertificateOf({ socket }: IncomingMessage): Uint8Array | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return socket.getPeerX509Certificate()?.raw;
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body, headers }: DiagnosticsAnswer,
): void {
  response.writeHead(status, {
    ...headers,
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-cache, private",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function text(status: number, body: string): DiagnosticsAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body };
}
