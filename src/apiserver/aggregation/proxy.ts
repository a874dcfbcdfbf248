import type { APIService } from "../../api/index.ts";
import { isStatusError } from "../../apimachinery/index.ts";
import { messageOf, type Network } from "../../base/index.ts";
import type { PathHandler } from "../handlers/router.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { textReply } from "../http/reply.ts";
import type { LiveContext } from "../request/context.ts";
import { passedOn, proxyRequest, splice } from "../streaming/forward.ts";
import type { Target } from "../streaming/kubelet-connection.ts";
import { availability } from "./api-services.ts";
import { type ProxyClient, ServiceConnections, targetOf } from "./connections.ts";
import { identityHeaders } from "./identity.ts";
import type { ServiceResolver } from "./service-resolver.ts";

export interface ProxyOptions {
  /** The registration of a group version that another server answers for. */
  readonly remote: (group: string, version: string) => APIService | undefined;
  readonly resolver: ServiceResolver;
  readonly network: Network;
  readonly client: ProxyClient | undefined;
}

/** Passes requests on to the servers that registered for their group version. Upstream: `proxyHandler`. */
export function aggregationProxy(options: ProxyOptions): PathHandler {
  return {
    handle(request, _query, context) {
      const [path = ""] = request.target.split("?");
      const [, root, group = "", version = ""] = path.split("/");
      if (root !== "apis" || version === "") return undefined;
      const service = options.remote(group, version);
      return service === undefined ? undefined : forward(options, service, request, context);
    },
  };
}

async function forward(
  { resolver, network, client }: ProxyOptions,
  service: APIService,
  request: ApiRequest,
  context: LiveContext,
): Promise<ApiResponse> {
  const target = availability(service)?.status === "True" ? reachable(resolver, service) : undefined;
  if (target === undefined) return unavailable("service unavailable");
  const connections = new ServiceConnections(network, client, service, true);
  const identity = identityHeaders(context.user);
  try {
    if (request.headers["upgrade"] !== undefined && request.takeOver !== undefined)
      return await splice(connections, target, request, request.target, identity);
    return await proxyRequest(connections, target, request, request.target, { ...passedOn(request), ...identity });
  } catch (error) {
    // Upstream answers with bare text here.
    if (isStatusError(error) && error.code !== 503 && error.code !== 500) throw error;
    return unavailable(messageOf(error));
  }
}

/** Undefined: it cannot be reached. */
function reachable(resolver: ServiceResolver, service: APIService): Target | undefined {
  try {
    return targetOf(resolver, service);
  } catch {
    return undefined;
  }
}

function unavailable(text: string): ApiResponse {
  return textReply(503, `${text}\n`);
}
