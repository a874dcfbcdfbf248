import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { Clock, Timer } from "../../base/index.ts";
import type { ApiRequest, TakenOver } from "../http/exchange.ts";

/** One message of a client. As upstream. */
const messageBytesMax = 32 * 1024 * 1024;
/** How long a client may take to read what it was sent before the close. As upstream. */
const closeMsMax = 15 * 60_000;
/** Bytes on the way in one direction before the other end is made to wait. */
const waitingBytesMax = 256 * 1024;
const pingPeriodMs = 30_000;
const keepAliveMs = 15_000;

/** Lets the kernel find out that a peer is gone which could not say so. */
export function keepAlive(socket: Duplex): void {
  if ("setKeepAlive" in socket && typeof socket.setKeepAlive === "function") socket.setKeepAlive(true, keepAliveMs);
}

/**
 * A client's WebSocket. Messages are handed on one at a time; when many wait nothing more is read, and when much is
 * on its way to the client a send resolves only after that.
 */
export class WebSocketPeer {
  readonly #webSocket: WebSocket;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #handler: (bytes: Buffer) => Promise<void> | void = () => {};
  #handling: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  #started = false;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;

  constructor(webSocket: WebSocket, clock: Clock) {
    this.#webSocket = webSocket;
    this.#clock = clock;
    webSocket.binaryType = "nodebuffer";
    webSocket.on("message", (bytes: Buffer) => this.#receive(bytes));
    // What is wrong closes the connection; the close says it all.
    webSocket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      webSocket.once("close", () => {
        this.#timer?.cancel();
        resolve();
      });
    });
    // Nothing is read before there is somebody to read it.
    webSocket.pause();
    this.#schedulePing();
  }

  /** Starts reading. A failing handler ends the connection. */
  start(handler: (bytes: Buffer) => Promise<void> | void): void {
    this.#handler = handler;
    this.#started = true;
    if (this.#waitingBytes <= waitingBytesMax) this.#webSocket.resume();
  }

  /** Whatever still comes is read and dropped. */
  ignoreInput(): void {
    this.start(() => {});
  }

  /** Resolves when more can be sent, or the connection is gone. */
  send(bytes: Uint8Array | string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#webSocket.send(bytes, () => resolve());
    if (!this.crowded) resolve();
    return promise;
  }

  /** More is on its way to the client than should be. */
  get crowded(): boolean {
    return this.#webSocket.bufferedAmount > waitingBytesMax;
  }

  /** Says that all is said, and waits for the client to close. */
  close(code: number): void {
    this.#webSocket.close(code);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  #receive(bytes: Buffer): void {
    this.#waitingBytes += bytes.length;
    if (!this.#started || this.#waitingBytes > waitingBytesMax) this.#webSocket.pause();
    this.#handling = this.#handling.then(async () => {
      try {
        await this.#handler(bytes);
      } catch {
        this.terminate();
      }
      this.#waitingBytes -= bytes.length;
      if (this.#webSocket.isPaused && this.#started && this.#waitingBytes <= waitingBytesMax) this.#webSocket.resume();
    });
  }

  /** A client that has gone while nothing is read from it is noticed by writing to it. */
  #schedulePing(): void {
    this.#timer = this.#clock.after(pingPeriodMs, () => {
      if (this.#webSocket.readyState !== WebSocket.OPEN) return;
      if (this.#webSocket.bufferedAmount === 0) this.#webSocket.ping();
      this.#schedulePing();
    });
  }
}

/**
 * Answers the upgrade under this sub-protocol ("" for none). Undefined when the request was no proper one: then it has
 * been refused already.
 */
export function acceptWebSocket(
  request: ApiRequest,
  { socket, head }: TakenOver,
  subProtocol: string,
  clock: Clock,
): WebSocketPeer | undefined {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
    closeTimeout: closeMsMax,
  } as const;
  const server = new WebSocketServer(options);
  keepAlive(socket);
  let peer: WebSocketPeer | undefined;
  const { method, target } = request;
  // All that is looked at of the message; Kubernetes' names of sub-protocols are no tokens, which they ought to be.
  const { "sec-websocket-protocol": offered, ...headers } = request.headers;
  if (offered !== undefined && subProtocol !== "")
    server.on("headers", (lines) => lines.push(`Sec-WebSocket-Protocol: ${subProtocol}`));
  const message = { method, headers, url: target } as unknown as IncomingMessage;
  server.handleUpgrade(message, socket, Buffer.from(head), (webSocket) => {
    peer = new WebSocketPeer(webSocket, clock);
  });
  return peer;
}
