import type { Clock } from "../../base/index.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { refusedUpgrade, sendAsMessages } from "./socket-sink.ts";
import { isWebSocketUpgrade, offeredProtocols } from "./sub-protocols.ts";

const newline = 0x0a;
const lengthBytes = 4;

/**
 * The answer to a watch, to a client that asks for a WebSocket: one message for each event, text unless it is protobuf.
 * A browser's origin must be told, and at most one sub-protocol offered, which is taken whatever it is. Upstream:
 * `WatchServer.HandleWS` with the handshake of its WebSocket library.
 */
export function watchForPeer(request: ApiRequest, answer: ApiResponse, clock: Clock): ApiResponse {
  if (request.takeOver === undefined || !isWebSocketUpgrade(request.headers)) return answer;
  const { origin } = request.headers;
  if (typeof origin !== "string" || !URL.canParse(origin)) return refusedUpgrade(403);
  const offered = offeredProtocols(request.headers);
  if (offered.length > 1) return refusedUpgrade(400);
  const messages = messagesOf(String(answer.headers["content-type"]));
  return sendAsMessages(request, answer.body, { subProtocol: offered[0] ?? "", messages }, clock);
}

function messagesOf(contentType: string): (frames: Uint8Array) => Iterable<Uint8Array | string> {
  if (contentType.includes("protobuf")) return protobufMessages;
  // Documents of YAML span lines: what is written together stays together.
  return contentType.includes("yaml") ? (frames) => [Buffer.from(frames).toString()] : jsonMessages;
}

/** Whole frames, each ending with a line feed, which is a part of the message as upstream's encoder writes it. */
function* jsonMessages(frames: Uint8Array): Iterable<string> {
  for (let start = 0; start < frames.length; ) {
    const at = frames.indexOf(newline, start);
    const end = at < 0 ? frames.length : at + 1;
    yield Buffer.from(frames.buffer, frames.byteOffset + start, end - start).toString();
    start = end;
  }
}

/** Whole frames, each after its length; a message has its own, so that the prefix is left out. */
function* protobufMessages(frames: Uint8Array): Iterable<Uint8Array> {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.length);
  for (let start = 0; start + lengthBytes <= frames.length; ) {
    const end = start + lengthBytes + view.getUint32(start);
    yield frames.subarray(start + lengthBytes, end);
    start = end;
  }
}
