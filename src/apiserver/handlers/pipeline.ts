import {
  newBadRequest,
  newForbidden,
  newFailure,
  newInternalError,
  newTimeout,
  newUnauthorized,
  StatusError,
} from "../../apimachinery/index.ts";
import { type Clock, type Log, messageOf, type Random, TimeoutError, withDeadline } from "../../base/index.ts";
import {
  type AccessObserver,
  type Authenticator,
  type CredentialRemarks,
  parseDuration,
} from "../../component/index.ts";
import { InvalidRequestError } from "../../storage/index.ts";
import type { Auditor } from "../audit/contract.ts";
import { type AuthorizationAttributes, type Authorizer, attributesOf } from "../authz/contract.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { compressed } from "../http/gzip.ts";
import { bytesReply, statusReply, textReply } from "../http/reply.ts";
import { LiveContext, warningHeaders } from "../request/context.ts";
import type { RequestInfo, UserInfo } from "../request/contract.ts";
import { MalformedPathError, parseRequestInfo } from "../request/info.ts";
import { Query } from "../request/query.ts";
import { alsoNeeded } from "../streaming/create-permission.ts";
import { FilterRefusal } from "./filter-refusal.ts";
import { type InFlight, isMutating } from "./in-flight.ts";
import { impersonate } from "./impersonation.ts";
import { prettyPrinted } from "./pretty.ts";
import { inAcceptedMedia } from "./status-media.ts";

/** Answers one authenticated and authorized request. */
export type Router = (request: ApiRequest, query: Query, context: LiveContext) => Promise<ApiResponse>;

export type FlowDecision =
  /** `release` is called when the request is done; a watch is done with it when it has begun. */
  { readonly type: "go"; readonly release: () => void } | { readonly type: "refused"; readonly response: ApiResponse };

/** Decides when a request may go on: priority and fairness, or a limit of requests in flight. */
export type FlowControl = (context: LiveContext, query: Query) => Promise<FlowDecision> | FlowDecision;

export interface PipelineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly flowControl?: FlowControl;
  readonly audit?: Auditor;
  readonly access?: AccessObserver;
  readonly inFlight: InFlight;
  /** The server is about to end and takes no new requests. */
  readonly draining?: () => boolean;
  readonly router: Router;
  /** Called when the response stands, for metrics and audit. */
  readonly onComplete?: (context: LiveContext, response: ApiResponse, query: Query) => void;
  /** Requests that are not watches or streams. Default 60 s. */
  readonly requestTimeoutMs?: number;
  /** A GET that opens exec, attach or port-forward needs `create` too. Default true. */
  readonly asksCreateForStreams?: boolean;
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
    const { clock, random, onComplete, inFlight, draining } = this.#options;
    const at = request.target.indexOf("?");
    const path = at < 0 ? request.target : request.target.slice(0, at);
    const query = new Query(at < 0 ? "" : request.target.slice(at + 1));
    const info = infoOf(request.method, path, query);
    if (info === undefined) return malformedPath();
    const context = new LiveContext(request, info, nobody, clock.now(), auditIdOf(request) ?? random.uuid());
    const done = isLongRunning(info) ? undefined : inFlight.start(isMutating(request.method));
    try {
      const answer = draining?.() === true ? shuttingDown() : await this.#guarded(request, query, context);
      const recorded = context.audited?.respond(answer) ?? answer;
      const recordedAnswer = recorded instanceof Promise ? await recorded : recorded;
      const response = this.#finish(recordedAnswer, request, query, context);
      onComplete?.(context, response, query);
      return response;
    } finally {
      done?.();
    }
  };

  /** No failure leaves this without a status. */
  async #guarded(request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> {
    try {
      return await this.#authenticated(request, query, context);
    } catch (error) {
      if (error instanceof FilterRefusal) return unsniffed(statusReply(error.status));
      if (error instanceof StatusError) return statusReply(error.status);
      // A name that no validation refuses and no store can take.
      if (error instanceof InvalidRequestError) return statusReply(newBadRequest(error.message).status);
      if (error instanceof InternalFailure) return internalFailure(request, error.message);
      if (request.signal.aborted) return statusReply(newTimeout("request was cancelled by the client", 0).status);
      this.#options.log.error("request handler failed", {
        path: context.info.path,
        verb: context.info.verb,
        error: error instanceof Error ? error.stack : String(error),
      });
      context.audited?.panicked(messageOf(error));
      return statusReply(newInternalError(messageOf(error)).status);
    }
  }

  async #authenticated(request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> {
    const { audit, flowControl } = this.#options;
    const user = request.user ?? (await this.#authenticate(request, context));
    if (user !== undefined) context.user = user;
    if (audit !== undefined) context.audited = audit.begin(request, context, isLongRunning(context.info));
    const stored = context.audited?.stored;
    if (stored !== undefined && !(await stored)) throw new InternalFailure("failed to store audit event");
    if (user === undefined) throw newUnauthorized("Unauthorized");
    const audited = context.audited?.request ?? request;
    const target = impersonate(request);
    if (target !== undefined) {
      for (const attributes of target.checks(context.user)) await this.#authorize(attributes, context);
      context.user = target.user;
      context.audited?.impersonated(target.user);
    }
    const pending = flowControl?.(context, query);
    const decision = pending instanceof Promise ? await pending : pending;
    if (decision?.type === "refused") return decision.response;
    try {
      const attributes = attributesOf(context.user, context.info);
      await this.#authorize(attributes, context);
      const more = this.#options.asksCreateForStreams === false ? undefined : alsoNeeded(attributes);
      if (more !== undefined) await this.#authorize(more, context);
      if (isLongRunning(context.info)) return await this.#options.router(audited, query, context);
      return await this.#withDeadline(audited, query, context);
    } finally {
      decision?.release();
    }
  }

  /** Undefined: nobody that is known, nor may be anonymous. */
  async #authenticate(request: ApiRequest, context: LiveContext): Promise<UserInfo | undefined> {
    const { authenticator, access, clock } = this.#options;
    const { headers, peer } = request;
    const { clientCertificates, remoteAddress } = peer;
    const credentials = { headers, clientCertificates, remoteAddress, path: context.info.path };
    const startedMs = access === undefined ? 0 : clock.monotonic();
    const answer = authenticator.authenticate(credentials, neverAborted);
    const result = answer instanceof Promise ? await answer : answer;
    const user = result.type === "authenticated" ? result.user : undefined;
    if (access !== undefined) {
      const tookMs = clock.monotonic() - startedMs;
      access.authenticated(user, tookMs);
      if (tookMs >= noticeableMs) context.took("authentication", tookMs);
    }
    if (result.type !== "none" && result.remarks !== undefined) remark(context, result.remarks);
    return user;
  }

  async #authorize(attributes: AuthorizationAttributes, context: LiveContext): Promise<void> {
    const { authorizer, access, clock } = this.#options;
    const startedMs = access === undefined ? 0 : clock.monotonic();
    const answer = authorizer.authorize(attributes, context.signal);
    const { decision, reason, evaluationError } = answer instanceof Promise ? await answer : answer;
    if (access !== undefined) {
      const tookMs = clock.monotonic() - startedMs;
      access.authorized(decisions[decision], tookMs);
      if (tookMs >= noticeableMs) context.took("authorization", tookMs);
    }
    const failed = decision !== "allow" && evaluationError !== undefined;
    if (context.audited !== undefined) {
      if (!failed) context.annotate("authorization.k8s.io/decision", decision === "allow" ? "allow" : "forbid");
      context.annotate("authorization.k8s.io/reason", failed ? "internal error" : reason);
    }
    if (decision === "allow") return;
    if (evaluationError !== undefined) throw new InternalFailure(evaluationError);
    throw new FilterRefusal(forbidden(attributes, reason).status);
  }

  /** Reads and writes end in time; waiting costs no timer where the answer is at hand. */
  async #withDeadline(request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> {
    const { clock, router, requestTimeoutMs = requestTimeoutMsDefault } = this.#options;
    const limitMs = query.text === "" ? requestTimeoutMs : Math.min(requestTimeoutMs, timeoutOf(query));
    if (context.info.verb === "get" && context.info.subresource === "") return router(request, query, context);
    try {
      return await withDeadline(clock, limitMs, router(request, query, context));
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw newTimeout(isMutating(request.method) ? writeTimedOut : readTimedOut, 0);
    }
  }

  #finish(response: ApiResponse, request: ApiRequest, query: Query, context: LiveContext): ApiResponse {
    const { headers } = response;
    headers["audit-id"] = context.auditId;
    if (context.flow !== undefined) Object.assign(headers, context.flow.headers);
    headers["cache-control"] ??= "no-cache, private";
    if (context.warnings.length > 0) headers["warning"] = warningHeaders(context.warnings);
    return compressed(prettyPrinted(inAcceptedMedia(response, request), request, query), request);
  }
}

function remark(context: LiveContext, { warnings, auditAnnotations }: CredentialRemarks): void {
  for (const text of warnings) context.warn(text);
  for (const [key, value] of Object.entries(auditAnnotations)) context.annotate(key, value);
}

/** Undefined for a path that cannot be read. */
function infoOf(method: string, path: string, query: Query): RequestInfo | undefined {
  try {
    return parseRequestInfo(method, path, query);
  } catch (error) {
    if (error instanceof MalformedPathError) return undefined;
    throw error;
  }
}

/** Go's server says so before anybody looks at who asks. */
function malformedPath(): ApiResponse {
  const response = bytesReply(400, "text/plain; charset=utf-8", Buffer.from("400 Bad Request"));
  response.headers["connection"] = "close";
  return response;
}

/** What took less is not told among what made a request slow. */
const noticeableMs = 1;
const nobody: UserInfo = { name: "", groups: [] };
const neverAborted = new AbortController().signal;
const auditIdMax = 64;
const readTimedOut = "request did not complete within the allotted timeout";
const writeTimedOut = "request did not complete within requested timeout - context deadline exceeded";

function auditIdOf(request: ApiRequest): string | undefined {
  const given = request.headers["audit-id"];
  return typeof given === "string" && given !== "" ? given.slice(0, auditIdMax) : undefined;
}

const decisions = { allow: "allowed", deny: "denied", "no-opinion": "no-opinion" } as const;

/** The request's own `timeout`; it can only shorten. Upstream: `WithRequestDeadline`. */
function timeoutOf(query: Query): number {
  const text = query.get("timeout") ?? "";
  if (text === "") return Number.POSITIVE_INFINITY;
  try {
    const limitMs = parseDuration(text);
    return limitMs > 0 ? limitMs : Number.POSITIVE_INFINITY;
  } catch (error) {
    throw newBadRequest(`invalid timeout specified in the request URL - ${messageOf(error)}`);
  }
}

/** Upstream: `WithRetryAfter`. */
function shuttingDown(): ApiResponse {
  const response = textReply(429, "The apiserver is shutting down, please try again later.\n");
  response.headers["retry-after"] = "5";
  response.headers["connection"] = "close";
  return response;
}

function unsniffed(response: ApiResponse): ApiResponse {
  response.headers["x-content-type-options"] = "nosniff";
  return response;
}

/** A failure that is told as plain text. Upstream: `responsewriters.InternalError`. */
class InternalFailure extends Error {}

function internalFailure({ target }: ApiRequest, why: string): ApiResponse {
  return textReply(500, `Internal Server Error: ${JSON.stringify(target)}: ${why}\n`);
}

export function isLongRunning(info: RequestInfo): boolean {
  if (!info.isResourceRequest) return false;
  return info.verb === "watch" || streamingSubresources.has(info.subresource);
}

/** Upstream's words for a refusal. */
export function forbidden(attributes: AuthorizationAttributes, reason: string): StatusError {
  const user = JSON.stringify(attributes.user.name);
  const suffix = reason === "" ? "" : `: ${reason}`;
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
