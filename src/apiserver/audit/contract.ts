import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import type { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";

/** Decides whether a request is audited, and starts its record. */
export interface Auditor {
  /** Called once the user is known, or known to be unknown. Undefined when the policy leaves the request out. */
  begin(request: ApiRequest, context: LiveContext, longRunning: boolean): AuditedRequest | undefined;
  /** The same for a call from within the process, which has objects instead of bodies. */
  beginCall(call: () => InnerCall, context: LiveContext): AuditedCall | undefined;
}

/** The record of one request. */
export interface AuditedRequest {
  /** The request for the handlers; what they read of its body is recorded if the policy says so. */
  readonly request: ApiRequest;
  /** Whether the policy wants the request's body recorded. */
  readonly showsBodies: boolean;
  /** Where backends have the request wait: false when it must not go on, as its arrival could not be recorded. */
  readonly stored: Promise<boolean> | undefined;
  impersonated(user: UserInfo): void;
  /** The server itself failed; the answer will be recorded at the stage `Panic`. */
  panicked(why: string): void;
  /** Records the answer; the one returned is to be sent, when it has come. */
  respond(response: ApiResponse): ApiResponse | Promise<ApiResponse>;
}

/** A call that never was a request on a wire. */
export interface InnerCall {
  /** Path and query that it would have had. */
  readonly target: string;
  /** The object, patch or options that would have been its body. */
  readonly sent: unknown;
  readonly longRunning: boolean;
}

/** The record of one inner call. Promises are there where backends have it wait. */
export interface AuditedCall {
  readonly stored: Promise<boolean> | undefined;
  /** A watch is open. */
  started(): Promise<unknown> | undefined;
  /** It has ended with this answer: an object, or the status of a failure. */
  ended(code: number, answer: unknown): Promise<unknown> | undefined;
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

/** Takes events and never throws. What is lost is counted. */
export interface AuditBackend {
  readonly name: string;
  /** A promise where the request has to wait; false when a strict backend could not store the event. */
  record(event: AuditEvent): Promise<boolean> | undefined;
  /** Works until the signal aborts, then writes what is left. */
  run(signal: AbortSignal): Promise<void>;
}

/** Where events end up: a file, a receiver. */
export interface AuditSink {
  readonly name: string;
  /** Rejects when the events could not be written. Calls may overlap. */
  write(events: readonly AuditEvent[], signal: AbortSignal): Promise<void>;
}
