import { createHash } from "node:crypto";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { bytesReply } from "../http/reply.ts";
import type { PathHandler } from "../handlers/router.ts";
import { splitPath } from "../request/info.ts";
import { aggregatedDiscovery } from "./aggregated.ts";
import { apiGroup, apiGroupList, apiResourceList, apiVersions, type DiscoverySource } from "./plain.ts";

interface Prepared {
  readonly body: Buffer;
  readonly etag: string;
}

/** `/api`, `/apis` and what is below them, plain and aggregated; bodies are kept until the served resources change. */
export class DiscoveryHandler implements PathHandler {
  readonly #source: DiscoverySource;
  readonly #revision: () => number;
  readonly #serverAddress: () => string;
  readonly #prepared = new Map<string, Prepared | undefined>();
  #preparedAt = -1;

  constructor(options: {
    readonly source: DiscoverySource;
    readonly revision: () => number;
    readonly serverAddress: () => string;
  }) {
    this.#source = options.source;
    this.#revision = options.revision;
    this.#serverAddress = options.serverAddress;
  }

  handle(request: ApiRequest): ApiResponse | undefined {
    const at = request.target.indexOf("?");
    const parts = splitPath(at < 0 ? request.target : request.target.slice(0, at));
    if (parts[0] !== "api" && parts[0] !== "apis") return undefined;
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    const version = parts.length === 1 ? aggregatedVersion(request.headers["accept"]) : undefined;
    if (version !== undefined) return this.#aggregated(parts[0], version, request);
    const prepared = this.#prepare(parts.join("/"), () => this.#plain(parts));
    return prepared === undefined ? undefined : bytesReply(200, "application/json", prepared.body);
  }

  #aggregated(root: string, version: string, request: ApiRequest): ApiResponse {
    const prepared = this.#prepare(`${root} ${version}`, () =>
      aggregatedDiscovery(this.#source, root === "api", version),
    ) as Prepared;
    const headers = { etag: prepared.etag, vary: "Accept", "cache-control": "public" };
    if (request.headers["if-none-match"] === prepared.etag) return { status: 304, headers, body: { type: "none" } };
    const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const reply = bytesReply(200, type, prepared.body);
    return { ...reply, headers: { ...reply.headers, ...headers } };
  }

  #plain(parts: readonly string[]): unknown {
    const [root, second = "", third] = parts;
    if (root === "api") {
      if (parts.length === 1) return apiVersions(this.#serverAddress());
      return parts.length === 2 ? apiResourceList(this.#source, "", second) : undefined;
    }
    if (parts.length === 1) return apiGroupList(this.#source);
    if (third === undefined) return apiGroup(this.#source, second);
    return parts.length === 3 ? apiResourceList(this.#source, second, third) : undefined;
  }

  #prepare(key: string, make: () => unknown): Prepared | undefined {
    const revision = this.#revision();
    if (revision !== this.#preparedAt) {
      this.#prepared.clear();
      this.#preparedAt = revision;
    }
    if (this.#prepared.has(key)) return this.#prepared.get(key);
    const value = make();
    if (value === undefined) return undefined;
    const body = Buffer.from(`${JSON.stringify(value)}\n`);
    const etag = `"${createHash("sha512").update(body).digest("hex").toUpperCase()}"`;
    const prepared = { body, etag };
    this.#prepared.set(key, prepared);
    return prepared;
  }
}

/** The newest version of aggregated discovery that the client takes; undefined for plain discovery. */
function aggregatedVersion(accept: string | readonly string[] | undefined): string | undefined {
  if (typeof accept !== "string") return undefined;
  for (const clause of accept.split(",")) {
    const parts = clause.split(";").map((part) => part.trim());
    if (!parts.includes("g=apidiscovery.k8s.io") || !parts.includes("as=APIGroupDiscoveryList")) continue;
    if (parts[0] !== "application/json") continue;
    if (parts.includes("v=v2")) return "v2";
    if (parts.includes("v=v2beta1")) return "v2beta1";
  }
  return undefined;
}
