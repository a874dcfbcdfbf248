import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Network } from "../../base/index.ts";

/** A server that requests are passed on to. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Anybody's pod: it is not shown who this server is to kubelets, nor has it to prove who it is, as upstream. */
  readonly isPod?: boolean;
}

export interface KubeletCredentials {
  /** PEM. `--kubelet-client-certificate`, `--kubelet-client-key`. */
  readonly certificate: string;
  readonly key: string;
  /** PEM. `--kubelet-certificate-authority`; without it serving certificates are not verified, as upstream. */
  readonly ca?: string;
}

export interface ForwardedRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** Ways to servers that requests are passed on to. */
export interface Connections {
  open(target: Target, signal: AbortSignal): Promise<Duplex>;
  /** Sends a request and resolves with the head of the response; its body is still to be read. */
  send(target: Target, forwarded: ForwardedRequest): Promise<IncomingMessage>;
}

const connectTimeoutMs = 10_000;

/** Connections to kubelets and, for proxying, to pods. */
export class KubeletConnections implements Connections {
  readonly #network: Network;
  readonly #credentials: KubeletCredentials | undefined;

  constructor(network: Network, credentials: KubeletCredentials | undefined) {
    this.#network = network;
    this.#credentials = credentials;
  }

  async open({ host, port, tls, isPod = false }: Target, signal: AbortSignal): Promise<Duplex> {
    const socket = await this.#network.connect({ host, port }, { timeoutMs: connectTimeoutMs, signal });
    if (!tls) return socket;
    const { certificate, key, ca } = (isPod ? undefined : this.#credentials) ?? {};
    const secure = connectTls({
      socket,
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(key === undefined ? {} : { key }),
      ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
      servername: "",
      // Kubelets serve by address; the name in the certificate is the node's.
      checkServerIdentity: () => undefined,
    });
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
    });
    secure.on("error", () => secure.destroy());
    return secure;
  }

  async send(target: Target, forwarded: ForwardedRequest): Promise<IncomingMessage> {
    return sendOver(await this.open(target, forwarded.signal), target, forwarded);
  }
}

/** One request over a connection of its own. */
export async function sendOver(socket: Duplex, target: Target, forwarded: ForwardedRequest): Promise<IncomingMessage> {
  const { request: httpRequest } = await import("node:http");
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = httpRequest({
      method: forwarded.method,
      path: forwarded.path,
      headers: { host: `${target.host}:${target.port}`, connection: "close", ...plain(forwarded.headers) },
      createConnection: () => socket,
    });
    const abort = (): void => void outgoing.destroy(new Error("the client went away"));
    forwarded.signal.addEventListener("abort", abort, { once: true });
    outgoing.once("response", (response) => {
      response.once("close", () => forwarded.signal.removeEventListener("abort", abort));
      resolve(response);
    });
    outgoing.once("error", reject);
    outgoing.end(forwarded.body);
  });
}

/** What became of a request to speak another protocol. */
export type Upgraded =
  | { readonly type: "switched"; readonly socket: Duplex; readonly protocol: string }
  /** The target refused; the body of its answer is still to be read. */
  | { readonly type: "refused"; readonly response: IncomingMessage };

/** Asks for SPDY/3.1 with one of these protocols on top of it. */
export async function upgradeOver(
  socket: Duplex,
  target: Target,
  { path, signal }: Pick<ForwardedRequest, "path" | "signal">,
  protocols: readonly string[],
): Promise<Upgraded> {
  const { request: httpRequest } = await import("node:http");
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = httpRequest({
      method: "POST",
      path,
      headers: {
        host: `${target.host}:${target.port}`,
        connection: "Upgrade",
        upgrade: "SPDY/3.1",
        "x-stream-protocol-version": [...protocols],
        "content-length": "0",
      },
      createConnection: () => socket,
    });
    const abort = (): void => void outgoing.destroy(new Error("the client went away"));
    signal.addEventListener("abort", abort, { once: true });
    const settle = (upgraded: Upgraded): void => {
      signal.removeEventListener("abort", abort);
      resolve(upgraded);
    };
    outgoing.once("upgrade", (response, upgraded, head) => {
      if (head.length > 0) upgraded.unshift(head);
      const protocol = response.headers["x-stream-protocol-version"];
      settle({ type: "switched", socket: upgraded, protocol: typeof protocol === "string" ? protocol : "" });
    });
    outgoing.once("response", (response) => settle({ type: "refused", response }));
    outgoing.once("error", (error) => {
      socket.destroy();
      reject(error);
    });
    outgoing.end();
  });
}

function plain(headers: ForwardedRequest["headers"]): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = typeof value === "string" ? value : [...value];
  }
  return result;
}
