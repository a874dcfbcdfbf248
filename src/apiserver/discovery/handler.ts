import { createHash } from "node:crypto";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { headerText } from "../handlers/body.ts";
import { bytesReply } from "../http/reply.ts";
import type { PathHandler } from "../handlers/router.ts";
import {
  acceptedTypes,
  checkProduced,
  mediaOf,
  type MediaType,
  mediaTypes,
  negotiateWhole,
  sortedClauses,
} from "../handlers/negotiation.ts";
import { encoded } from "../handlers/status-media.ts";
import { methodNotAllowedReply } from "../handlers/router.ts";
import { splitPath } from "../request/info.ts";
import { aggregatedDiscovery } from "./aggregated.ts";
import { apiGroup, apiGroupList, apiResourceList, apiVersions, type DiscoverySource } from "./plain.ts";

const aggregatedKind = "APIGroupDiscoveryList";

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
    const accept = headerText(request, "accept");
    const aggregated = parts.length === 1 ? aggregatedMedia(accept) : undefined;
    if (request.method === "GET" && aggregated !== undefined) return this.#aggregated(parts[0], aggregated, request);
    const key = parts.join("/");
    // Made before it is looked at whether it is wanted: what is not there is not refused.
    if (this.#prepare(`${key} json`, "json", () => this.#plain(parts)) === undefined) return undefined;
    const routed = parts[0] === "api" || parts.length === 3;
    if (request.method !== "GET" && routed) return methodNotAllowedReply();
    if (routed) checkProduced(accept, acceptedTypes);
    const media = negotiateWhole(accept);
    const prepared = this.#prepare(`${key} ${media}`, media, () => this.#plain(parts)) as Prepared;
    return bytesReply(200, mediaTypes[media], prepared.body);
  }

  #aggregated(root: string, media: MediaType, request: ApiRequest): ApiResponse {
    const make = () => aggregatedDiscovery(this.#source, root === "api");
    const prepared = this.#prepare(`${root} aggregated ${media}`, media, make) as Prepared;
    const headers = { etag: prepared.etag, vary: "Accept", "cache-control": "public" };
    if (request.headers["if-none-match"] === prepared.etag) return { status: 304, headers, body: { type: "none" } };
    const reply = bytesReply(
      200,
      `${mediaTypes[media]};g=apidiscovery.k8s.io;v=v2;as=${aggregatedKind}`,
      prepared.body,
    );
    return { ...reply, headers: { ...reply.headers, ...headers } };
  }

  #plain(parts: readonly string[]): object | undefined {
    const [root, second = "", third] = parts;
    if (root === "api") {
      if (parts.length === 1) return apiVersions(this.#serverAddress());
      return parts.length === 2 ? apiResourceList(this.#source, "", second) : undefined;
    }
    if (parts.length === 1) return apiGroupList(this.#source);
    if (third === undefined) return apiGroup(this.#source, second);
    return parts.length === 3 ? apiResourceList(this.#source, second, third) : undefined;
  }

  #prepare(key: string, media: MediaType, make: () => object | undefined): Prepared | undefined {
    const revision = this.#revision();
    if (revision !== this.#preparedAt) {
      this.#prepared.clear();
      this.#preparedAt = revision;
    }
    if (this.#prepared.has(key)) return this.#prepared.get(key);
    const value = make();
    if (value === undefined) return undefined;
    const body = encoded(value, media);
    const etag = `"${createHash("sha512").update(body).digest("hex").toUpperCase()}"`;
    const prepared = { body, etag };
    this.#prepared.set(key, prepared);
    return prepared;
  }
}

/** How the client wants aggregated discovery; undefined for plain discovery. */
function aggregatedMedia(accept = ""): MediaType | undefined {
  if (!accept.includes(aggregatedKind)) return undefined;
  const clause = sortedClauses(accept).find(
    ({ parameters }) =>
      parameters.get("g") === "apidiscovery.k8s.io" &&
      parameters.get("as") === aggregatedKind &&
      parameters.get("v") === "v2",
  );
  return clause === undefined ? undefined : mediaOf(clause.type);
}
