import type { Duplex } from "node:stream";
import type { ApiRequest, IncomingHeaders, Peer } from "./exchange.ts";

/** What Node.js tells of bytes that it does not take for a request. */
export interface ParseFailure extends Error {
  readonly code?: string;
  /** The bytes in which the failure is. */
  readonly rawPacket?: Uint8Array;
}

/** In the words of Go's server, which then closes the connection. */
const answers: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "431 Request Header Fields Too Large"],
  HPE_INVALID_VERSION: [
    "505 HTTP Version Not Supported",
    "505 HTTP Version Not Supported: unsupported protocol version",
  ],
};
const badRequest = ["400 Bad Request", "400 Bad Request"] as const;

/** Where an answer to an earlier request has begun, nothing can be said any more. */
export function answerBroken({ code = "" }: ParseFailure, socket: Duplex): void {
  if (code === "ECONNRESET" || code === "ERR_HTTP_REQUEST_TIMEOUT" || !socket.writable || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const [status, text] = answers[code] ?? badRequest;
  const type = "Content-Type: text/plain; charset=utf-8";
  socket.end(`HTTP/1.1 ${status}\r\n${type}\r\nConnection: close\r\n\r\n${text}`, () => socket.destroy());
}

function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: response } = socket as { readonly _httpMessage?: { readonly headersSent: boolean } | null };
  return response?.headersSent === true;
}

const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\/[^ \r\n]*) HTTP\/1\.[01]\r\n/;

/**
 * A request whose method is no verb of HTTP: Node.js parses none such, though they are fine by the protocol, and upstream
 * answers them. Only the head is read, and only where it came in one piece; undefined for whatever else it is.
 */
export function unknownMethodRequest(
  { code, rawPacket }: ParseFailure,
  socket: Duplex,
  peer: Peer,
): ApiRequest | undefined {
  if (code !== "HPE_INVALID_METHOD" || rawPacket === undefined) return undefined;
  const text = Buffer.from(rawPacket).toString("latin1");
  const [first = "", method = "", target = ""] = requestLine.exec(text) ?? [];
  const end = text.indexOf("\r\n\r\n");
  if (first === "" || end < 0 || isAnswering(socket)) return undefined;
  const headers = headersOf(text.slice(first.length, end));
  if (headers["host"] === undefined) return undefined;
  const left = new AbortController();
  socket.once("close", () => left.abort(new Error("the client went away")));
  return {
    method,
    target,
    headers,
    peer,
    signal: left.signal,
    body: () => Promise.resolve(new Uint8Array()),
  };
}

function headersOf(lines: string): IncomingHeaders {
  const headers: Record<string, string> = {};
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (name !== "" && !Object.hasOwn(headers, name)) headers[name] = line.slice(colon + 1).trim();
  }
  return headers;
}
