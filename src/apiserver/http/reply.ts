import type { Status } from "../../apimachinery/index.ts";
import type { ApiResponse, PartsBody } from "./exchange.ts";

export const mediaJson = "application/json";

/** Upstream ends JSON responses with a line feed. */
export function jsonReply(status: number, value: unknown): ApiResponse {
  return bytesReply(status, mediaJson, Buffer.from(`${JSON.stringify(value)}\n`));
}

export function bytesReply(status: number, contentType: string, bytes: Uint8Array): ApiResponse {
  return { status, headers: { "content-type": contentType }, body: { type: "bytes", bytes } };
}

export function textReply(status: number, text: string): ApiResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    body: { type: "bytes", bytes: Buffer.from(text) },
  };
}

export function statusReply(status: Status): ApiResponse {
  const response = jsonReply(status.code ?? 200, status);
  const wait = status.details?.retryAfterSeconds;
  if (wait !== undefined && wait > 0) response.headers["retry-after"] = String(wait);
  return response;
}

/** All parts in one piece. */
export function wholeOf({ parts, length }: PartsBody): Buffer {
  const whole = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
