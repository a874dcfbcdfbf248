import type { UserInfo } from "../../component/index.ts";

export type { UserInfo } from "../../component/index.ts";

/** What is asked, parsed from method and path once per request. `request.RequestInfo` upstream. */
export interface RequestInfo {
  readonly isResourceRequest: boolean;
  readonly path: string;
  /** Lower case: get, list, watch, create, update, patch, delete, deletecollection; else the HTTP method's. */
  readonly verb: string;
  readonly apiPrefix: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly parts: readonly string[];
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** As upstream's audit annotations name them. */
export type ExcludedLayer = "apf-queue-wait" | "mutating-webhook" | "validating-webhook";

/** What travels with one request through every layer of the server. */
export interface RequestContext {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
  readonly userAgent: string;
  readonly sourceAddresses: readonly string[];
  /** Wall time of arrival, ms. */
  readonly receivedAtMs: number;
  readonly auditId: string;
  /** The caller's trace (W3C Trace Context), for what is asked meanwhile. */
  readonly traceparent?: string | undefined;
  /** Takes the time that others took out of what is reckoned as the server's own; what they are, audit tells. */
  exclude?(tookMs: number, layer: ExcludedLayer): void;
  /** Adds a `Warning: 299` header; duplicates are dropped, 4 KiB in all. */
  warn(text: string): void;
  /** Adds an audit annotation; the first value of a key stays. `Request`: only where the request's body is recorded too. */
  annotate(key: string, value: string, level?: "Metadata" | "Request"): void;
}
