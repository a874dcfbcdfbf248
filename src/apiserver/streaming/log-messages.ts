import type { Clock } from "../../base/index.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { refusedUpgrade, sendAsMessages } from "./socket-sink.ts";
import { isWebSocketUpgrade, readerProtocolOf } from "./sub-protocols.ts";

/**
 * A container's log, to a client that asks for a WebSocket: an empty message that shows the connection works, then the
 * log's bytes as they come. Upstream: `wsstream.Reader`.
 */
export function logForPeer(request: ApiRequest, answer: ApiResponse, clock: Clock): ApiResponse {
  if (request.takeOver === undefined || !isWebSocketUpgrade(request.headers)) return answer;
  const protocol = readerProtocolOf(request.headers);
  if (protocol === undefined) return refusedUpgrade(403);
  const { name, base64 } = protocol;
  const framing = {
    subProtocol: name,
    greeting: base64 ? "" : new Uint8Array(),
    messages: (part: Uint8Array) => (part.length === 0 ? [] : [base64 ? Buffer.from(part).toString("base64") : part]),
  };
  return sendAsMessages(request, answer.body, framing, clock);
}
