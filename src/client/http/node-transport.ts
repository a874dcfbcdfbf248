import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { isIP } from "node:net";
import { type Clock, PlatformError } from "../../base/index.ts";
import { Http2Pool } from "./http2-pool.ts";
import type { HttpRequest, HttpResponse, HttpTransport, TlsMaterial } from "./transport.ts";

// Not imported: an import statement evaluates every export, and one of them is a whole HTTP client of its own.
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule("node:http");

export interface NodeTransportOptions {
  /** `https://host:port` or `http://host:port`; a path in it is not used here. */
  readonly origin: string;
  /** Asked again for each new connection, so that rotated certificates are taken up. */
  readonly tls: () => Promise<TlsMaterial>;
  readonly clock: Clock;
  /** Default `["h2", "http/1.1"]`. */
  readonly protocols?: readonly string[];
  readonly connectTimeoutMs?: number;
}

type Protocol = { readonly kind: "h2" } | { readonly kind: "http1"; readonly agent: Agent };

/** HTTP/2 (several connections when the server's stream limit asks for it) or HTTP/1.1, as ALPN decides. */
export class NodeTransport implements HttpTransport {
  readonly #options: NodeTransportOptions;
  readonly #url: URL;
  readonly #pool: Http2Pool;
  #protocol: Promise<Protocol> | undefined;
  #closed = false;

  constructor(options: NodeTransportOptions) {
    this.#options = options;
    this.#url = new URL(options.origin);
    this.#pool = new Http2Pool({
      authority: this.#url.origin,
      clock: options.clock,
      connect: () => this.#connect(["h2"]),
    });
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    if (this.#closed) throw new PlatformError("ECONNABORTED", "the client is closed");
    request.signal?.throwIfAborted();
    this.#protocol ??= this.#negotiate();
    let protocol: Protocol;
    try {
      protocol = await this.#protocol;
    } catch (error) {
      this.#protocol = undefined;
      throw error;
    }
    return protocol.kind === "h2" ? this.#pool.send(request) : this.#sendHttp1(request, protocol.agent);
  }

  reconnect(): void {
    const previous = this.#protocol;
    this.#protocol = undefined;
    this.#pool.retire();
    previous?.then((protocol) => {
      if (protocol.kind === "http1") protocol.agent.destroy();
    }, ignore);
  }

  close(): void {
    this.#closed = true;
    this.#pool.close();
    this.#protocol?.then((protocol) => {
      if (protocol.kind === "http1") protocol.agent.destroy();
    }, ignore);
  }

  async #negotiate(): Promise<Protocol> {
    if (this.#url.protocol === "http:") return { kind: "http1", agent: new HttpAgent({ keepAlive: true }) };
    const socket = await this.#connect(this.#options.protocols ?? ["h2", "http/1.1"]);
    if (socket.alpnProtocol === "h2") {
      this.#pool.adopt(socket);
      return { kind: "h2" };
    }
    socket.destroy();
    return {
      kind: "http1",
      agent: new HttpsAgent({ keepAlive: true, ...(await this.#connectionOptions(["http/1.1"])) }),
    };
  }

  async #connectionOptions(protocols: readonly string[]): Promise<ConnectionOptions> {
    const tls = await this.#options.tls();
    const host = hostOf(this.#url);
    return {
      host,
      port: Number(this.#url.port === "" ? 443 : this.#url.port),
      ALPNProtocols: [...protocols],
      rejectUnauthorized: tls.insecureSkipVerify !== true,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      ...serverNameOf(tls, host),
    };
  }

  async #connect(protocols: readonly string[]): Promise<TLSSocket> {
    const options = await this.#connectionOptions(protocols);
    const { connectTimeoutMs = 30_000, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = tlsConnect(options);
      socket.setNoDelay(true);
      const timer = clock.after(connectTimeoutMs, () => {
        socket.destroy(new PlatformError("ETIMEDOUT", `connect ${this.#url.host}: timed out`));
      });
      const onError = (error: Error): void => {
        timer.cancel();
        reject(platformErrorOf(error, this.#url.host));
      };
      socket.once("error", onError);
      socket.once("secureConnect", () => {
        timer.cancel();
        socket.off("error", onError);
        resolve(socket);
      });
    });
  }

  async #sendHttp1(request: HttpRequest, agent: Agent): Promise<HttpResponse> {
    const secure = this.#url.protocol === "https:";
    const options: RequestOptions = {
      agent,
      host: hostOf(this.#url),
      port: this.#url.port === "" ? (secure ? 443 : 80) : this.#url.port,
      method: request.method,
      path: request.path,
      headers: copyHeaders(request),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = secure ? httpsRequest(options) : httpRequest(options);
      outgoing.once("error", (error) =>
        reject(request.signal?.aborted === true ? request.signal.reason : platformErrorOf(error, this.#url.host)),
      );
      outgoing.once("response", (incoming) => resolve(http1Response(outgoing, incoming)));
      outgoing.end(request.body);
    });
  }
}

function ignore(): void {}

function http1Response(outgoing: ClientRequest, incoming: IncomingMessage): HttpResponse {
  outgoing.on("error", ignore);
  incoming.on("error", ignore);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: incoming.statusCode ?? 0, headers, body: incoming, close: () => void incoming.destroy() };
}

function copyHeaders(request: HttpRequest): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = typeof value === "string" ? value : [...value];
  if (request.body !== undefined) headers["content-length"] = String(Buffer.byteLength(request.body));
  return headers;
}

function hostOf(url: URL): string {
  return url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
}

function serverNameOf(tls: TlsMaterial, host: string): { servername?: string } {
  if (tls.serverName !== undefined) return { servername: tls.serverName };
  return isIP(host) === 0 ? { servername: host } : {};
}

function platformErrorOf(error: unknown, host: string): unknown {
  if (!(error instanceof Error) || error instanceof PlatformError) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "EIO";
  return new PlatformError(code, `${host}: ${error.message === "" ? code : error.message}`, { cause: error });
}
