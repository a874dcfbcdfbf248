import {
  newForbidden,
  newFailure,
  newInternalError,
  newTimeout,
  newUnauthorized,
  StatusError,
} from "../../apimachinery/index.ts";
import { type Clock, type Log, messageOf, type Random, TimeoutError, withTimeout } from "../../base/index.ts";
import type { Authenticator } from "../authn/contract.ts";
import { type AuthorizationAttributes, type Authorizer, attributesOf } from "../authz/contract.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { compressed } from "../http/gzip.ts";
import { statusReply } from "../http/reply.ts";
import { LiveContext, warningHeaders } from "../request/context.ts";
import type { RequestInfo, UserInfo } from "../request/contract.ts";
import { parseRequestInfo } from "../request/info.ts";
import { Query } from "../request/query.ts";
import { impersonate } from "./impersonation.ts";
import { prettyPrinted } from "./pretty.ts";

/** Answers one authenticated and authorized request. */
export type Router = (request: ApiRequest, query: Query, context: LiveContext) => Promise<ApiResponse>;

/** Decides when a request may go on (priority and fairness); the returned function is called when it is done. */
export type FlowControl = (context: LiveContext) => Promise<() => void> | (() => void);

export interface PipelineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly flowControl?: FlowControl;
  readonly router: Router;
  /** Called when the response stands, for metrics and audit. */
  readonly onComplete?: (context: LiveContext, response: ApiResponse, query: Query) => void;
  /** Requests that are not watches or streams. Default 60 s. */
  readonly requestTimeoutMs?: number;
}

const requestTimeoutMsDefault = 60_000;
const streamingSubresources: ReadonlySet<string> = new Set(["attach", "exec", "proxy", "log", "portforward"]);

/** Everything that happens to a request before a handler sees it, in upstream's order. */
export class Pipeline {
  readonly #options: PipelineOptions;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  readonly handle = async (request: ApiRequest): Promise<ApiResponse> => {
    const { clock, random, onComplete } = this.#options;
    const at = request.target.indexOf("?");
    const path = at < 0 ? request.target : request.target.slice(0, at);
    const query = new Query(at < 0 ? "" : request.target.slice(at + 1));
    const info = parseRequestInfo(request.method, path, query);
    const context = new LiveContext(request, info, nobody, clock.now(), auditIdOf(request) ?? random.uuid());
    const response = this.#finish(await this.#guarded(request, query, context), request, query, context);
    onComplete?.(context, response, query);
    return response;
  };

  /** No failure leaves this without a status. */
  async #guarded(request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> {
    try {
      return await this.#authenticated(request, query, context);
    } catch (error) {
      if (error instanceof StatusError) return statusReply(error.status);
      if (request.signal.aborted) return statusReply(newTimeout("request was cancelled by the client", 0).status);
      this.#options.log.error("request handler failed", {
        path: context.info.path,
        verb: context.info.verb,
        error: error instanceof Error ? error.stack : String(error),
      });
      return statusReply(newInternalError(messageOf(error)).status);
    }
  }

  async #authenticated(request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> {
    context.user = request.user ?? (await this.#authenticate(request));
    const target = impersonate(request);
    if (target !== undefined) {
      for (const attributes of target.checks(context.user)) await this.#authorize(attributes, context.signal);
      context.user = target.user;
    }
    const pending = this.#options.flowControl?.(context);
    const release = pending instanceof Promise ? await pending : pending;
    try {
      await this.#authorize(attributesOf(context.user, context.info), undefined, request);
      if (isLongRunning(context.info)) return await this.#options.router(request, query, context);
      return await this.#withDeadline(request, query, context);
    } finally {
      release?.();
    }
  }

  async #authenticate(request: ApiRequest): Promise<UserInfo> {
    const { headers, peer } = request;
    const credentials = { headers, clientCertificates: peer.clientCertificates, remoteAddress: peer.remoteAddress };
    const answer = this.#options.authenticator.authenticate(credentials, neverAborted);
    const result = answer instanceof Promise ? await answer : answer;
    if (result.type === "authenticated") return result.user;
    throw newUnauthorized("Unauthorized");
  }

  async #authorize(
    attributes: AuthorizationAttributes,
    signal: AbortSignal | undefined,
    request?: ApiRequest,
  ): Promise<void> {
    const answer = this.#options.authorizer.authorize(attributes, signal ?? request?.signal ?? neverAborted);
    const { decision, reason, evaluationError } = answer instanceof Promise ? await answer : answer;
    if (decision === "allow") return;
    throw forbidden(attributes, reason, evaluationError);
  }

  /** Reads and writes end in time; waiting costs no timer where the answer is at hand. */
  async #withDeadline(request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> {
    const { clock, router, requestTimeoutMs = requestTimeoutMsDefault } = this.#options;
    if (context.info.verb === "get" && context.info.subresource === "") return router(request, query, context);
    try {
      return await withTimeout(clock, requestTimeoutMs, () => router(request, query, context));
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw newTimeout(`request did not complete within the allotted timeout`, 0);
    }
  }

  #finish(response: ApiResponse, request: ApiRequest, query: Query, context: LiveContext): ApiResponse {
    const { headers } = response;
    headers["audit-id"] = context.auditId;
    headers["cache-control"] ??= "no-cache, private";
    if (context.warnings.length > 0) headers["warning"] = warningHeaders(context.warnings);
    return compressed(prettyPrinted(response, request, query), request);
  }
}

const nobody: UserInfo = { name: "", groups: [] };
const neverAborted = new AbortController().signal;
const auditIdMax = 64;

function auditIdOf(request: ApiRequest): string | undefined {
  const given = request.headers["audit-id"];
  return typeof given === "string" && given !== "" ? given.slice(0, auditIdMax) : undefined;
}

function isLongRunning(info: RequestInfo): boolean {
  if (!info.isResourceRequest) return false;
  return info.verb === "watch" || streamingSubresources.has(info.subresource);
}

/** Upstream's words for a refusal. */
export function forbidden(attributes: AuthorizationAttributes, reason: string, evaluationError?: string): StatusError {
  const user = JSON.stringify(attributes.user.name);
  const why = [reason, evaluationError === undefined ? "" : evaluationError].filter((text) => text !== "").join(": ");
  const suffix = why === "" ? "" : `: ${why}`;
  if (!attributes.isResourceRequest) {
    return newFailure(
      403,
      "Forbidden",
      `forbidden: User ${user} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}${suffix}`,
      {},
    );
  }
  const { resource, subresource, apiGroup, namespace, name, verb } = attributes;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const scope = namespace === "" ? " at the cluster scope" : ` in the namespace ${JSON.stringify(namespace)}`;
  const text = `User ${user} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(apiGroup)}${scope}${suffix}`;
  return newForbidden({ group: apiGroup, resource }, name, text);
}
