import { newBadRequest, newInternalError } from "../../apimachinery/index.ts";
import type { Duplex } from "node:stream";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { dialSpdy, passRefusal } from "./dial.ts";
import type { Target } from "./kubelet-connection.ts";
import type { TranslationOptions } from "./remote-command.ts";
import { tunnelledProtocols, tunnelNameOf } from "./sub-protocols.ts";
import { acceptWebSocket, type WebSocketPeer } from "./web-socket.ts";

const normalClosure = 1000;

/** Serves a client that sends the bytes of a SPDY connection within WebSocket messages: port-forward does so. */
export async function tunnelSpdy(
  { connections, clock }: TranslationOptions,
  target: Target,
  path: string,
  request: ApiRequest,
): Promise<ApiResponse> {
  const { takeOver } = request;
  if (takeOver === undefined) throw newBadRequest("Upgrade request required");
  const protocols = tunnelledProtocols(request.headers);
  const dialled = await dialSpdy(connections, target, path, protocols, request.signal);
  if (dialled.type === "refused") return passRefusal(dialled);
  if (!protocols.includes(dialled.protocol)) {
    dialled.socket.destroy();
    throw newInternalError(`unable to upgrade: the kubelet chose ${JSON.stringify(dialled.protocol)}`);
  }
  const peer = acceptWebSocket(request, takeOver(), tunnelNameOf(dialled.protocol), clock);
  if (peer === undefined) dialled.socket.destroy();
  else void copyBothWays(peer, dialled.socket);
  return { status: 101, headers: {}, body: { type: "taken" } };
}

async function copyBothWays(peer: WebSocketPeer, upstream: Duplex): Promise<void> {
  upstream.on("error", () => upstream.destroy());
  void peer.closed.then(() => upstream.destroy());
  peer.start((bytes) => writeTo(upstream, bytes));
  try {
    for await (const chunk of upstream as AsyncIterable<Buffer>) await peer.send(chunk);
  } catch {
    // Cut off; the client sees the end below.
  }
  peer.ignoreInput();
  peer.close(normalClosure);
}

/** Resolves when the stream can take more, or is gone. */
function writeTo(stream: Duplex, bytes: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off("drain", settle);
      stream.off("close", settle);
      resolve();
    };
    stream.on("drain", settle);
    stream.on("close", settle);
  });
}
