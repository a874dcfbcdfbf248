import type { IncomingMessage } from "node:http";
import type { APIService } from "../../api/index.ts";
import { isStatusError } from "../../apimachinery/index.ts";
import { messageOf, type Network } from "../../base/index.ts";
import type { PathHandler } from "../handlers/router.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { textReply } from "../http/reply.ts";
import type { LiveContext } from "../request/context.ts";
import { forwarded, forwardedFor, type PassedHeaders, passedOn, splice, streamed } from "../streaming/forward.ts";
import type { Target } from "../streaming/kubelet-connection.ts";
import { ownHeaders } from "../streaming/proxied-answer.ts";
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
      return await splice(connections, target, request, request.target, { ...identity, ...forwardedFor(request) });
    const headers = { ...passedOn(request), ...identity, ...proxyHeaders(request, target, context) };
    const response = await forwarded(connections, target, request, request.target, headers);
    return isRedirect(response) ? redirectRefused(response) : streamed(response, ownHeaders(response));
  } catch (error) {
    // Upstream answers with bare text here.
    if (isStatusError(error) && error.code !== 503 && error.code !== 500) throw error;
    return unavailable(messageOf(error));
  }
}

/** Upstream: `proxy.Transport`. */
function proxyHeaders(request: ApiRequest, { host, port }: Target, { info, auditId }: LiveContext): PassedHeaders {
  return {
    "audit-id": auditId,
    ...forwardedFor(request),
    "x-forwarded-host": `${host}:${port}`,
    "x-forwarded-proto": "https",
    "x-forwarded-uri": info.path,
  };
}

function isRedirect({ statusCode = 0, headers }: IncomingMessage): boolean {
  return statusCode >= 300 && statusCode <= 399 && (headers.location ?? "") !== "";
}

/** Whoever follows it would show the other server's choice of a place what was meant for this one. */
function redirectRefused(response: IncomingMessage): ApiResponse {
  response.destroy();
  const text = "the backend attempted to redirect this request, which is not permitted";
  return { status: 502, headers: {}, body: { type: "bytes", bytes: Buffer.from(text) } };
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
