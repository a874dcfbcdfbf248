import type { IncomingMessage } from "node:http";
import { posix } from "node:path";
import type { Transform } from "node:stream";
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from "node:zlib";
import { newInternalError } from "../../apimachinery/index.ts";
import type { ApiResponse, StreamSink } from "../http/exchange.ts";
import { parseGoUrl } from "../request/go-url.ts";
import { answerHeaders, streamed } from "./forward.ts";
import { LinkRewriter } from "./html-links.ts";

/** How a proxied page is reached: by the client, and by this server. */
export interface ProxiedAt {
  /** The path that leads to the root of what is proxied, without a slash at the end. */
  readonly prefix: string;
  /** The `Host` that the client asked for. */
  readonly clientHost: string;
  /** Of the target, with the port. */
  readonly targetHost: string;
}

/**
 * The answer of what is proxied, as the client is to see it: pages and redirects that lead to the target lead through
 * the proxy, and what the target says of sharing with other origins is not for this server's. Upstream: `proxy.Transport`.
 */
export function proxiedAnswer(response: IncomingMessage, at: ProxiedAt): ApiResponse {
  const headers = ownHeaders(response);
  const { location } = headers;
  if (typeof location === "string" && location !== "") {
    const wrong = parseGoUrl(location);
    if (typeof wrong === "string") {
      response.destroy();
      throw newInternalError(`error trying to parse Location header: ${wrong}`);
    }
    return streamed(response, { ...headers, location: throughProxy(location, at) });
  }
  const type = String(headers["content-type"] ?? "")
    .split(";")[0]
    ?.trim();
  const coders = codersOf(String(headers["content-encoding"] ?? ""));
  if (type !== "text/html" || coders === undefined) return streamed(response, headers);
  const { "content-length": _, ...others } = headers;
  return rewritten(response, others, new LinkRewriter((link) => throughProxy(link, at)), coders);
}

/** The target's headers, but for what it lets other origins do; what this server says of caching holds as well. */
export function ownHeaders(response: IncomingMessage): Record<string, string | string[]> {
  const headers = answerHeaders(response);
  for (const name of Object.keys(headers)) if (name.startsWith("access-control-allow-")) delete headers[name];
  const { "cache-control": caching } = headers;
  if (caching !== undefined) headers["cache-control"] = ["no-cache, private", ...[caching].flat()];
  return headers;
}

/** The link by which a client gets where the target's link leads, if that is on the target. */
export function throughProxy(link: string, { prefix, clientHost, targetHost }: ProxiedAt): string {
  const [, scheme = "", host = "", path = "", rest = ""] = linkParts.exec(link) ?? [];
  if (host !== "" && host !== targetHost && host !== clientHost) return link;
  if (!path.startsWith("/")) return link;
  const origin = host !== "" && host === clientHost ? `${scheme}//${host}` : "";
  if (path.startsWith(prefix)) return `${origin}${path}${rest}`;
  return `${origin}${posix.join(prefix, path)}${rest}`;
}

const linkParts = /^([a-zA-Z][\w+.-]*:)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s;

type Coders = readonly [decoder: Transform, encoder: Transform] | readonly [];

/** `undefined` where the encoding is not known, and links cannot be found. */
function codersOf(encoding: string): Coders | undefined {
  if (encoding === "") return [];
  if (encoding === "gzip") return [createGunzip(), createGzip()];
  return encoding === "deflate" ? [createInflateRaw(), createDeflateRaw()] : undefined;
}

/** The page's bytes are taken for one character each: links and tags are ASCII, and what is not stays as it is. */
function rewritten(
  response: IncomingMessage,
  headers: Record<string, string | string[]>,
  links: LinkRewriter,
  [decoder, encoder]: Coders,
): ApiResponse {
  const run = (sink: StreamSink): void => {
    const source = decoder === undefined ? response : response.pipe(decoder);
    const write = (bytes: Buffer): void => {
      if (!sink.write(bytes)) source.pause();
    };
    const page = (text: string): void => {
      if (text === "") return;
      const bytes = Buffer.from(text, "latin1");
      if (encoder === undefined) write(bytes);
      else encoder.write(bytes);
    };
    const fail = (): void => sink.destroy();
    encoder
      ?.on("data", write)
      .once("end", () => sink.end())
      .once("error", fail);
    source.on("data", (bytes: Buffer) => page(links.push(bytes.toString("latin1"))));
    source.once("end", () => {
      page(links.end());
      if (encoder === undefined) sink.end();
      else encoder.end();
    });
    source.once("error", fail);
    response.once("error", fail);
    sink.onDrain(() => source.resume());
    sink.onClose(() => response.destroy());
  };
  return { status: response.statusCode ?? 502, headers, body: { type: "stream", run } };
}
