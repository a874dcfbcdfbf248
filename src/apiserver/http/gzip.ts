import { createGzip } from "node:zlib";
import type { ApiRequest, ApiResponse, StreamSink } from "./exchange.ts";

/** Responses smaller than this are not worth it. Upstream: 128 KiB. */
const gzipBytesMin = 128 * 1024;
/** Upstream compresses at level 1: the network is rarely that slow. */
const gzipLevel = 1;

/** The response compressed, where the client takes gzip and there is enough to gain. */
export function compressed(response: ApiResponse, request: ApiRequest): ApiResponse {
  const { body } = response;
  const length = body.type === "bytes" ? body.bytes.length : body.type === "parts" ? body.length : 0;
  if (length < gzipBytesMin || !accepts(request.headers["accept-encoding"]) || request.method === "HEAD")
    return response;
  const parts = body.type === "bytes" ? [body.bytes] : body.type === "parts" ? body.parts : [];
  const headers = { ...response.headers, "content-encoding": "gzip", vary: "Accept-Encoding" };
  return {
    status: response.status,
    headers,
    body: { type: "stream", run: (sink) => compressInto(sink, parts[Symbol.iterator]()) },
  };
}

function accepts(header: string | readonly string[] | undefined): boolean {
  return typeof header === "string" && header.split(",").some((part) => part.trim().split(";")[0] === "gzip");
}

function compressInto(sink: StreamSink, parts: Iterator<Uint8Array>): void {
  const gzip = createGzip({ level: gzipLevel, chunkSize: 64 * 1024 });
  gzip.on("data", (bytes: Buffer) => {
    if (!sink.write(bytes)) gzip.pause();
  });
  sink.onDrain(() => gzip.resume());
  sink.onClose(() => gzip.destroy());
  gzip.once("end", () => sink.end());
  gzip.once("error", () => sink.destroy());
  const feed = (): void => {
    if (gzip.destroyed) return;
    const step = parts.next();
    if (step.done === true) gzip.end();
    else gzip.write(step.value, feed);
  };
  feed();
}
