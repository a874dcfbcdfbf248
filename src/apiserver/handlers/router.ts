import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { statusReply } from "../http/reply.ts";
import type { LiveContext } from "../request/context.ts";
import type { Query } from "../request/query.ts";
import { notFoundReply, unknownResource } from "./not-found.ts";
import { handleResource, type HandlerServices, methodNotAllowed } from "./resource-handler.ts";
import type { ResourceTable } from "./served.ts";

/** Serves paths that are no resources: `/version`, `/healthz`, discovery, OpenAPI, metrics. */
export interface PathHandler {
  /** Undefined when the path is not this handler's. */
  handle(request: ApiRequest, query: Query, context: LiveContext): ApiResponse | Promise<ApiResponse> | undefined;
}

/** Resources that are questions rather than objects (reviews, token requests), by `group/version/resource`. */
export type VirtualResource = (request: ApiRequest, query: Query, context: LiveContext) => Promise<ApiResponse>;

export interface RouterOptions {
  readonly table: ResourceTable;
  readonly services: HandlerServices;
  readonly paths: readonly PathHandler[];
  readonly virtual: ReadonlyMap<string, VirtualResource>;
  readonly builtInGroups: ReadonlySet<string>;
  /** Whether another server answers for a group version, though this one could. */
  readonly isRemote?: (group: string, version: string) => boolean;
}

const methods: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]);

export function createRouter(options: RouterOptions) {
  const { table, services, paths, virtual, builtInGroups, isRemote = () => false } = options;
  return async (request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> => {
    const { info } = context;
    if (info.isResourceRequest && !isRemote(info.apiGroup, info.apiVersion)) {
      const served = table.get(info.apiGroup, info.apiVersion, info.resource);
      if (served !== undefined && info.parts.length <= pathPartsMax(info.subresource)) {
        if (!methods.has(request.method) && !isProxied(request.method, info.subresource))
          return methodNotAllowedReply();
        if (info.verb === "watch" && request.method !== "GET") return methodNotAllowedReply();
        if (!scopeFits(info, served.descriptor.facts.namespaced)) return unknownPath(info.path, builtInGroups);
        return handleResource({ served, request, query, context, services });
      }
      const question = virtual.get(`${info.apiGroup}/${info.apiVersion}/${info.resource}`);
      if (question !== undefined) return question(request, query, context);
    }
    for (const handler of paths) {
      const response = handler.handle(request, query, context);
      if (response !== undefined) return response;
    }
    return unknownPath(info.path, builtInGroups);
  };
}

/** Proxies pass these methods on too. */
function isProxied(method: string, subresource: string): boolean {
  return subresource === "proxy" && (method === "HEAD" || method === "OPTIONS");
}

/** Below the paths of its own groups upstream answers with a Status, elsewhere in plain text. */
function unknownPath(path: string, builtInGroups: ReadonlySet<string>): ApiResponse {
  const [root = "", group = ""] = path.split("/", 3).slice(1);
  const ours = root === "api" || (root === "apis" && group !== "" && builtInGroups.has(group));
  return ours ? statusReply(unknownResource().status) : notFoundReply();
}

/** Proxies take any path below them. */
function pathPartsMax(subresource: string): number {
  return subresource === "proxy" ? Number.POSITIVE_INFINITY : 3;
}

/** Cluster resources have no namespaced paths, and single objects of namespaced resources need one. */
function scopeFits(info: LiveContext["info"], namespaced: boolean): boolean {
  if (!namespaced) return info.namespace === "" || info.resource === "namespaces";
  return info.namespace !== "" || (info.parts[1] ?? "") === "" || info.path.includes("/watch/");
}

export function methodNotAllowedReply(): ApiResponse {
  return statusReply(methodNotAllowed().status);
}
