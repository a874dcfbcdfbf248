import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type Listener, type Log, messageOf, type Network } from "../../base/index.ts";
import { accessOf, type Auth } from "./auth.ts";
import { type Exchange, HttpError, refuse, sendText, type Upgrade } from "./exchange.ts";

export interface KubeletServerOptions {
  readonly network: Network;
  readonly log: Log;
  readonly auth: Auth;
  readonly address: string;
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly clientCa: string | undefined;
  readonly handle: (exchange: Exchange) => Promise<void>;
  readonly stream: (upgrade: Upgrade) => Promise<void>;
}

const requestHeaderTimeoutMs = 30_000;

/** The kubelet's HTTPS server. Every request is authenticated and authorized before anything else. */
export async function startKubeletServer(options: KubeletServerOptions): Promise<Listener> {
  const server: Server = createServer({
    cert: options.certificate,
    key: options.privateKey,
    ca: options.clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    headersTimeout: requestHeaderTimeoutMs,
    // Logs are followed for as long as someone reads.
    requestTimeout: 0,
  });
  const streams = new Set<Duplex>();
  server.on("request", (request: IncomingMessage, response: ServerResponse) => void answer(options, request, response));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    streams.add(socket);
    socket.once("close", () => streams.delete(socket));
    void upgrade(options, request, socket, head);
  });
  const listener = await options.network.listen(
    { host: options.address, port: options.port },
    (stream) => void server.emit("connection", stream),
  );
  return {
    address: listener.address,
    close: async () => {
      await listener.close();
      for (const stream of streams) stream.destroy();
      server.closeAllConnections();
    },
  };
}

function partsOf(request: IncomingMessage): {
  readonly path: readonly string[];
  readonly pathname: string;
  readonly query: URLSearchParams;
} {
  const url = new URL(request.url ?? "/", "https://kubelet");
  const path = url.pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  return { path, pathname: url.pathname, query: url.searchParams };
}

/** Throws 401 or 403. */
async function admit({ auth }: KubeletServerOptions, request: IncomingMessage, pathname: string): Promise<void> {
  const user = await auth.authenticate(request.socket as TLSSocket, request.headers.authorization);
  if (user === undefined) throw new HttpError(401, "Unauthorized");
  const { verb, subresources } = accessOf(request.method ?? "GET", pathname);
  if (await auth.authorize(user, verb, subresources)) return;
  throw new HttpError(
    403,
    `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}])\n`,
  );
}

async function answer(
  options: KubeletServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    const { path, pathname, query } = partsOf(request);
    await admit(options, request, pathname);
    await options.handle({ request, response, path, query, signal: gone.signal });
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (!(error instanceof HttpError))
      options.log.error("A request failed", { path: request.url, error: messageOf(error) });
    sendText(
      response,
      error instanceof HttpError ? error.status : 500,
      error instanceof HttpError ? error.message : `${messageOf(error)}\n`,
    );
  }
}

async function upgrade(
  options: KubeletServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
): Promise<void> {
  socket.on("error", () => socket.destroy());
  try {
    const { path, pathname, query } = partsOf(request);
    await admit(options, request, pathname);
    await options.stream({ request, socket, head, path, query });
  } catch (error) {
    refuse(socket, error instanceof HttpError ? error.status : 500, messageOf(error));
  }
}
