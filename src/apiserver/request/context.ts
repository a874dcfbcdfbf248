import type { AuditedRequest } from "../audit/contract.ts";
import type { ApiRequest } from "../http/exchange.ts";
import type { RequestContext, RequestInfo, UserInfo } from "./contract.ts";

/** On requests for what is deprecated. */
export const deprecatedAnnotation = "k8s.io/deprecated";
const warningBytesMax = 4 * 1024;
const noAddresses: readonly string[] = [];

/** The context of one request; what is rarely asked for is made only then. */
export class LiveContext implements RequestContext {
  readonly info: RequestInfo;
  readonly receivedAtMs: number;
  readonly auditId: string;
  user: UserInfo;
  /** Warnings given so far, without duplicates. */
  readonly warnings: string[] = [];
  readonly annotations = new Map<string, string>();
  /** Those that tell of the request's body, and are recorded only where that is. */
  bodyAnnotations: Map<string, string> | undefined;
  /** Set while the request is audited. */
  audited: AuditedRequest | undefined;
  /** Where priority and fairness put the request. */
  flow: { readonly headers: Readonly<Record<string, string>> } | undefined;
  /** Milliseconds spent in queues and waiting for webhooks, which are not the server's own. */
  excludedMs = 0;
  readonly #request: ApiRequest;
  #warningBytes = 0;

  constructor(request: ApiRequest, info: RequestInfo, user: UserInfo, receivedAtMs: number, auditId: string) {
    this.#request = request;
    this.info = info;
    this.user = user;
    this.receivedAtMs = receivedAtMs;
    this.auditId = auditId;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get userAgent(): string {
    const agent = this.#request.headers["user-agent"];
    return typeof agent === "string" ? agent : "";
  }

  /** The caller's trace, to be passed on to what is asked meanwhile. */
  get traceparent(): string | undefined {
    const header = this.#request.headers["traceparent"];
    return typeof header === "string" ? header : undefined;
  }

  get sourceAddresses(): readonly string[] {
    const { remoteAddress } = this.#request.peer;
    const forwarded = this.#request.headers["x-forwarded-for"];
    if (typeof forwarded !== "string") return remoteAddress === "" ? noAddresses : [remoteAddress];
    return [...forwarded.split(",").map((address) => address.trim()), remoteAddress];
  }

  warn(text: string): void {
    if (this.warnings.includes(text) || this.#warningBytes + text.length > warningBytesMax) return;
    this.#warningBytes += text.length;
    this.warnings.push(text);
  }

  /** Tells the client, and whoever audits. */
  deprecated(text: string): void {
    this.warn(text);
    this.annotate(deprecatedAnnotation, "true");
  }

  exclude(tookMs: number): void {
    this.excludedMs += tookMs;
  }

  annotate(key: string, value: string, level: "Metadata" | "Request" = "Metadata"): void {
    if (level === "Request") this.bodyAnnotations ??= new Map();
    const annotations = level === "Request" ? this.bodyAnnotations : this.annotations;
    if (annotations?.has(key) === false) annotations.set(key, value);
  }
}

/** `299 - "text"` headers: UTF-8 in a header's bytes, without control characters. */
export function warningHeaders(warnings: readonly string[]): string[] {
  return warnings.map((text) => {
    const quoted = text.replace(/\p{Cc}+/gu, " ").replace(/[\\"]/g, "\\$&");
    return `299 - "${Buffer.from(quoted).toString("latin1")}"`;
  });
}
