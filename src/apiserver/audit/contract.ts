import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import type { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";

/** Decides whether a request is audited, and starts its record. */
export interface Auditor {
  /** Called once the user is known, or known to be unknown. Undefined when the policy leaves the request out. */
  begin(request: ApiRequest, context: LiveContext, longRunning: boolean): AuditedRequest | undefined;
}

/** The record of one request. */
export interface AuditedRequest {
  /** The request for the handlers; what they read of its body is recorded if the policy says so. */
  readonly request: ApiRequest;
  impersonated(user: UserInfo): void;
  /** Records the answer; the one returned is to be sent. */
  respond(response: ApiResponse): ApiResponse;
}

export type AuditLevel = "None" | "Metadata" | "Request" | "RequestResponse";
export type AuditStage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";

/** One `audit.k8s.io/v1` Event, its fields in upstream's order. */
export interface AuditEvent {
  readonly kind: "Event";
  readonly apiVersion: "audit.k8s.io/v1";
  readonly level: AuditLevel;
  readonly auditID: string;
  readonly stage: AuditStage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditUser;
  readonly impersonatedUser?: AuditUser;
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: AuditObjectReference;
  readonly responseStatus?: AuditStatus;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface AuditUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AuditObjectReference {
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly apiGroup?: string;
  readonly apiVersion?: string;
  readonly resourceVersion?: string;
  readonly subresource?: string;
}

export interface AuditStatus {
  readonly metadata: Readonly<Record<string, never>>;
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: unknown;
  readonly code?: number;
}

/** Takes events; never waits and never throws. What it has no room for is dropped and counted. */
export interface AuditBackend {
  readonly name: string;
  record(event: AuditEvent): void;
  /** Writes events until the signal aborts, then what is left. */
  run(signal: AbortSignal): Promise<void>;
}
