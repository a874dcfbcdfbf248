import type { Clock } from "../../base/index.ts";
import type { ApiRequest, ApiResponse, ResponseBody, StreamSink } from "../http/exchange.ts";
import { acceptWebSocket, type WebSocketPeer } from "./web-socket.ts";

const normalClosure = 1000;

/** How the parts of a body become messages. A string goes out as text, bytes as binary. */
export interface Framing {
  readonly subProtocol: string;
  /** Sent before anything else, to show that the connection works. */
  readonly greeting?: Uint8Array | string;
  messages(part: Uint8Array): Iterable<Uint8Array | string>;
}

/** Answers an upgrade with a body whose parts are sent as messages; the end of the body closes the connection. */
export function sendAsMessages(request: ApiRequest, body: ResponseBody, framing: Framing, clock: Clock): ApiResponse {
  const taken = request.takeOver?.();
  const peer = taken === undefined ? undefined : acceptWebSocket(request, taken, framing.subProtocol, clock);
  if (peer !== undefined) {
    // Clients have nothing to say here.
    peer.ignoreInput();
    if (framing.greeting !== undefined) void peer.send(framing.greeting);
    run(body, new SocketSink(peer, framing));
  }
  return { status: 101, headers: {}, body: { type: "taken" } };
}

export function refusedUpgrade(status: 400 | 403): ApiResponse {
  return { status, headers: {}, body: { type: "none" } };
}

function run(body: ResponseBody, sink: SocketSink): void {
  if (body.type === "stream") {
    body.run(sink);
    return;
  }
  if (body.type === "bytes") sink.write(body.bytes);
  sink.end();
}

class SocketSink implements StreamSink {
  readonly #peer: WebSocketPeer;
  readonly #framing: Framing;
  #drained: () => void = () => {};
  #closed = false;

  constructor(peer: WebSocketPeer, framing: Framing) {
    this.#peer = peer;
    this.#framing = framing;
    void peer.closed.then(() => {
      this.#closed = true;
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed) return false;
    let sent: Promise<void> | undefined;
    for (const message of this.#framing.messages(bytes)) sent = this.#peer.send(message);
    if (sent === undefined || !this.#peer.crowded) return true;
    void sent.then(() => this.#drained());
    return false;
  }

  end(): void {
    this.#closed = true;
    this.#peer.close(normalClosure);
  }

  destroy(): void {
    this.#closed = true;
    this.#peer.terminate();
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  onClose(listener: () => void): void {
    void this.#peer.closed.then(listener);
  }
}
