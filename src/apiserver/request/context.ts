import type { AuditedRequest } from "../audit/contract.ts";
import type { ApiRequest } from "../http/exchange.ts";
import type { ExcludedLayer, RequestContext, RequestInfo, UserInfo } from "./contract.ts";

/** On requests for what is deprecated. */
export const deprecatedAnnotation = "k8s.io/deprecated";
/** Of all warnings together, in characters. */
const warningsMax = 4 * 1024;
/** Of each of them, once they are more than that. */
const warningMax = 256;
const noAddresses: readonly string[] = [];

/** The context of one request; what is rarely asked for is made only then. */
export class LiveContext implements RequestContext {
  readonly info: RequestInfo;
  readonly receivedAtMs: number;
  readonly auditId: string;
  user: UserInfo;
  /** What the client is to be told. */
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
  /** Milliseconds by layer, of those that took any. */
  latencies: Map<string, number> | undefined;
  readonly #request: ApiRequest;
  /** Warnings given so far, in full. */
  #given: Set<string> | undefined;
  /** Characters of `warnings`. */
  #warned = 0;
  #cutting = false;

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
    if (text === "" || (this.#cutting && this.#warned >= warningsMax)) return;
    this.#given ??= new Set();
    if (this.#given.has(text)) return;
    this.#given.add(text);
    if (/\p{Cc}/u.test(text)) return;
    if (!this.#cutting && this.#warned + [...text].length > warningsMax) this.#cut(this.#given);
    else this.#tell(text);
  }

  #tell(text: string): void {
    const characters = [...text];
    const shown = this.#cutting && characters.length > warningMax ? characters.slice(0, warningMax) : characters;
    this.#warned += shown.length;
    this.warnings.push(shown.join(""));
  }

  /** Begins anew with all that was said, each not in full. */
  #cut(given: ReadonlySet<string>): void {
    this.#cutting = true;
    this.#warned = 0;
    this.warnings.length = 0;
    for (const text of given) if (!/\p{Cc}/u.test(text)) this.#tell(text);
  }

  /** Tells the client, and whoever audits. */
  deprecated(text: string): void {
    this.warn(text);
    this.annotate(deprecatedAnnotation, "true");
  }

  exclude(tookMs: number, layer: ExcludedLayer): void {
    this.excludedMs += tookMs;
    this.took(layer, tookMs);
  }

  /** Part of how long the request takes, for audit. */
  took(layer: ExcludedLayer | "authentication" | "authorization", tookMs: number): void {
    this.latencies ??= new Map();
    const before = this.latencies.get(layer) ?? 0;
    // They are asked all at once.
    this.latencies.set(layer, layer === "validating-webhook" ? Math.max(before, tookMs) : before + tookMs);
  }

  annotate(key: string, value: string, level: "Metadata" | "Request" = "Metadata"): void {
    if (level === "Request") this.bodyAnnotations ??= new Map();
    const annotations = level === "Request" ? this.bodyAnnotations : this.annotations;
    if (annotations?.has(key) === false) annotations.set(key, value);
  }
}

/** `299 - "text"` headers: UTF-8 in a header's bytes. */
export function warningHeaders(warnings: readonly string[]): string[] {
  return warnings.map((text) => {
    const quoted = text.replace(/[\\"]/g, "\\$&");
    return `299 - "${Buffer.from(quoted).toString("latin1")}"`;
  });
}
