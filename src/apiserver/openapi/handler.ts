import { createHash } from "node:crypto";
import { encodeOpenApi3, encodeSwagger, type OpenApiDocuments, type OpenApiObject } from "../../apimachinery/index.ts";
import { bytesReply } from "../http/reply.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { headerText } from "../handlers/body.ts";
import { mediaOf, sortedClauses } from "../handlers/negotiation.ts";
import type { PathHandler } from "../handlers/router.ts";

interface Prepared {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Documents of groups that came at run time (custom resources, aggregated servers), by OpenAPI v3 path. */
export interface ExtraDocuments {
  /** Rises when anything changed. */
  readonly revision: number;
  readonly paths: readonly string[];
  /** Of one document: another whenever it is another document. */
  version(path: string): string;
  v3(path: string): unknown;
  /** Their parts of the v2 document. */
  v2?(): readonly { readonly paths: object; readonly definitions: object }[];
}

const protobufV2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const protobufV3 = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
const variesV2 = "Accept-Encoding, Accept";
const variesV3 = "Accept";
const forever = "public, immutable";

/** `/openapi/v2` and `/openapi/v3`. Documents are made at first request and kept; v3 URLs carry a hash. */
export class OpenApiHandler implements PathHandler {
  readonly #documents: OpenApiDocuments;
  readonly #extra: ExtraDocuments | undefined;
  readonly #prepared = new Map<string, Prepared>();
  readonly #version: string;
  #extraRevision = 0;

  constructor(options: {
    readonly documents: OpenApiDocuments;
    readonly version: string;
    readonly extra?: ExtraDocuments;
  }) {
    this.#documents = options.documents;
    this.#extra = options.extra;
    this.#version = options.version;
  }

  handle(request: ApiRequest): ApiResponse | undefined {
    const at = request.target.indexOf("?");
    const path = at < 0 ? request.target : request.target.slice(0, at);
    if (!path.startsWith("/openapi/")) return undefined;
    this.#forgetStale();
    if (path === "/openapi/v2") return this.#v2(request);
    if (path === "/openapi/v3") return this.#root();
    if (path.startsWith("/openapi/v3/"))
      return this.#v3(request, path.slice("/openapi/v3/".length), at < 0 ? "" : request.target.slice(at + 1));
    return undefined;
  }

  #v2(request: ApiRequest): ApiResponse {
    const media = wantedOf(request, protobufV2);
    if (media === undefined) return notAcceptable(variesV2);
    if (media === "protobuf") {
      const bytes = (): Buffer => Buffer.from(encodeSwagger(this.#wholeV2()));
      const prepared = this.#prepareBytes("v2 protobuf", bytes);
      return conditional(request, prepared, variesV2, writtenType(protobufV2));
    }
    const prepared = this.#prepare("v2", () => this.#wholeV2());
    return conditional(request, prepared, variesV2);
  }

  /** Where definitions meet, the built-in ones stand. */
  #wholeV2(): OpenApiObject {
    const whole = this.#documents.v2();
    const parts = this.#extra?.v2?.() ?? [];
    if (parts.length === 0) return whole;
    const join = (key: "paths" | "definitions") =>
      Object.assign({}, ...parts.map((part) => part[key]), whole[key]) as OpenApiObject;
    return { ...whole, paths: join("paths"), definitions: join("definitions") };
  }

  /** Upstream says nothing of what this is, and its library takes JSON for plain text. */
  #root(): ApiResponse {
    const prepared = this.#prepare("v3", () => ({
      paths: Object.fromEntries(
        this.#paths().map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${this.#hash(path)}` }]),
      ),
    }));
    return bytesReply(200, "text/plain; charset=utf-8", prepared.bytes);
  }

  #v3(request: ApiRequest, path: string, query: string): ApiResponse {
    if (!this.#paths().includes(path)) return { status: 404, headers: {}, body: { type: "none" } };
    const media = wantedOf(request, protobufV3);
    if (media === undefined) return notAcceptable(variesV3);
    const hash = this.#hash(path);
    const asked = /(?:^|&)hash=([^&]+)/.exec(query)?.[1];
    if (asked !== undefined && asked !== hash) {
      const headers = { location: `/openapi/v3/${path}?hash=${hash}`, vary: variesV3 };
      return { status: 301, headers, body: { type: "none" } };
    }
    const response = this.#documentV3(request, path, media);
    if (asked !== undefined) response.headers["cache-control"] = forever;
    return response;
  }

  #documentV3(request: ApiRequest, path: string, media: "json" | "protobuf"): ApiResponse {
    const whole = (): OpenApiObject => (this.#extra?.v3(path) ?? this.#documents.v3(path)) as OpenApiObject;
    if (media === "json") return conditional(request, this.#prepare(`v3/${path}`, whole), variesV3);
    const prepared = this.#prepareBytes(`v3 protobuf/${path}`, () => Buffer.from(encodeOpenApi3(whole())));
    return conditional(request, prepared, variesV3, writtenType(protobufV3));
  }

  #paths(): readonly string[] {
    return [...new Set([...this.#documents.paths, ...(this.#extra?.paths ?? [])])].sort();
  }

  /** Built-in documents change only with the version, so their hash needs no document. */
  #hash(path: string): string {
    const own = this.#extra?.paths.includes(path) === true ? this.#extra.version(path) : "";
    return createHash("sha512").update(`${this.#version} ${path} ${own}`).digest("hex").toUpperCase();
  }

  #forgetStale(): void {
    const revision = this.#extra?.revision ?? 0;
    if (revision === this.#extraRevision) return;
    this.#extraRevision = revision;
    this.#prepared.clear();
  }

  #prepare(key: string, make: () => unknown): Prepared {
    return this.#prepareBytes(key, () => Buffer.from(JSON.stringify(make())));
  }

  #prepareBytes(key: string, make: () => Buffer): Prepared {
    let prepared = this.#prepared.get(key);
    if (prepared === undefined) {
      const bytes = make();
      prepared = { bytes, etag: `"${createHash("sha512").update(bytes).digest("hex").toUpperCase()}"` };
      this.#prepared.set(key, prepared);
    }
    return prepared;
  }
}

function conditional(
  request: ApiRequest,
  { bytes, etag }: Prepared,
  vary: string,
  mediaType = "application/json",
): ApiResponse {
  const headers = { etag, vary };
  if (request.headers["if-none-match"] === etag) return { status: 304, headers, body: { type: "none" } };
  const reply = bytesReply(200, mediaType, bytes);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function notAcceptable(vary: string): ApiResponse {
  return { status: 406, headers: { vary }, body: { type: "none" } };
}

/** Clients write the "@" of a version, answers do not. */
function writtenType(mediaType: string): string {
  return mediaType.replace("@", ".");
}

/** Which encoding the client prefers of those that there are; undefined when it wants none of them. */
function wantedOf(request: ApiRequest, protobuf: string): "json" | "protobuf" | undefined {
  const accept = headerText(request, "accept") ?? "";
  if (accept === "") return "json";
  for (const { type } of sortedClauses(accept)) {
    if (mediaOf(type) === "json") return "json";
    if (type === protobuf || type === writtenType(protobuf)) return "protobuf";
  }
  return undefined;
}
