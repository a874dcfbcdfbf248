import { type GroupVersionResource, type KubeObject, parseJson, StatusError } from "../../apimachinery/index.ts";
import { type Clock, PlatformError, withTimeout } from "../../base/index.ts";
import type { Client, Impersonation, RawRequest, RawResponse, ResourceClient } from "../contract.ts";
import { TokenBucket } from "../rate-limit.ts";
import { HttpResourceClient } from "./http-resource-client.ts";
import { readAll } from "./json-lines.ts";
import { statusErrorOf } from "./status.ts";
import type { HttpHeaders, HttpRequest, HttpResponse, HttpTransport } from "./transport.ts";

export interface HttpClientOptions {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** A path before `/api`, for servers behind a prefix. */
  readonly pathPrefix?: string | undefined;
  /** The value of `Authorization`, asked again for every request. */
  readonly authorization?: (() => Promise<string | undefined>) | undefined;
  /** Called after a 401, so that cached credentials are dropped; true to try once more. */
  readonly onUnauthorized?: (() => Promise<boolean>) | undefined;
  readonly userAgent?: string | undefined;
  readonly impersonate?: Impersonation | undefined;
  /** Client-side limit, as upstream's `--kube-api-qps` and `--kube-api-burst`. None when absent. */
  readonly rateLimit?: { readonly qps: number; readonly burst: number } | undefined;
  /** For everything but watches and raw requests. Default 70 000: the server gives up after 60 s. */
  readonly timeoutMs?: number | undefined;
  /** Told of every request; for metrics. */
  readonly observer?: ClientObserver | undefined;
}

/** Names as upstream's `rest_client_*` series; times are milliseconds. */
export interface ClientObserver {
  /** `code` is the status, or `<error>`. */
  answered(method: string, code: string, tookMs: number): void;
  /** How long the client-side limit had a request wait. */
  limited(method: string, waitedMs: number): void;
  retried(method: string, code: string): void;
}

export interface ClosableClient extends Client {
  with(options: { readonly userAgent?: string; readonly impersonate?: Impersonation }): ClosableClient;
  /** Makes later requests use new connections. */
  reconnect(): void;
  close(): void;
}

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers?: HttpHeaders | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

const retriesMax = 10;

export class HttpClient implements ClosableClient {
  readonly #options: HttpClientOptions;
  readonly #bucket: TokenBucket | undefined;

  constructor(options: HttpClientOptions, bucket?: TokenBucket) {
    this.#options = options;
    const { rateLimit, clock } = options;
    this.#bucket = bucket ?? (rateLimit === undefined ? undefined : new TokenBucket({ ...rateLimit, clock }));
  }

  resource<T extends KubeObject = KubeObject>(resource: GroupVersionResource): ResourceClient<T> {
    return new HttpResourceClient<T>(this, resource);
  }

  with(options: { readonly userAgent?: string; readonly impersonate?: Impersonation }): ClosableClient {
    return new HttpClient({ ...this.#options, ...options }, this.#bucket);
  }

  reconnect(): void {
    this.#options.transport.reconnect();
  }

  close(): void {
    this.#options.transport.close();
  }

  async raw(request: RawRequest): Promise<RawResponse> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
    const response = await this.open({ ...request, headers });
    return { status: response.status, headers: response.headers, body: await readAll(response.body) };
  }

  /** Sends JSON (or a patch), reads JSON. Throws `StatusError` for every status outside 2xx. */
  async json(exchange: Exchange): Promise<unknown> {
    const { clock, timeoutMs = 70_000 } = this.#options;
    return withTimeout(
      clock,
      timeoutMs,
      async (signal) => {
        const response = await this.open({ ...exchange, signal });
        const body = await readAll(response.body);
        if (response.status < 200 || response.status > 299)
          throw statusErrorOf(response.status, body, response.headers);
        return parseBody(body);
      },
      exchange.signal,
    );
  }

  /** The answer with its body unread, after waiting and trying again as a server under load asks for (`Retry-After`). */
  async open(exchange: Exchange): Promise<HttpResponse> {
    let authorizationRefreshed = false;
    for (let attempt = 0; ; attempt += 1) {
      const wait = this.#bucket?.reserve() ?? 0;
      if (this.#bucket !== undefined) this.#options.observer?.limited(exchange.method, wait);
      if (wait > 0) await this.#options.clock.sleep(wait, exchange.signal);
      const response = await this.#send(exchange);
      if (response.status === 401 && !authorizationRefreshed && (await this.#options.onUnauthorized?.()) === true) {
        authorizationRefreshed = true;
        response.close();
        continue;
      }
      const delayMs = retryDelayMs(response);
      if (delayMs === undefined || attempt >= retriesMax) return response;
      this.#options.observer?.retried(exchange.method, String(response.status));
      const body = await readAll(response.body);
      if (isUnretryable(response, body)) throw statusErrorOf(response.status, body, response.headers);
      await this.#options.clock.sleep(delayMs, exchange.signal);
    }
  }

  async #send(exchange: Exchange): Promise<HttpResponse> {
    const { transport, pathPrefix = "", userAgent = "k8ts", impersonate } = this.#options;
    const authorization = await this.#options.authorization?.();
    const headers = {
      accept: "application/json",
      ...exchange.headers,
      "user-agent": userAgent,
      ...(authorization === undefined ? {} : { authorization }),
      ...(impersonate === undefined ? {} : impersonationHeaders(impersonate)),
    };
    const request = {
      method: exchange.method,
      path: pathPrefix + exchange.path,
      headers,
      body: exchange.body,
      signal: exchange.signal,
    };
    const { observer } = this.#options;
    return observer === undefined ? transport.send(request) : this.#observed(request, observer);
  }

  async #observed(request: HttpRequest, observer: ClientObserver): Promise<HttpResponse> {
    const { transport, clock } = this.#options;
    const startedMs = clock.monotonic();
    try {
      const response = await transport.send(request);
      observer.answered(request.method, String(response.status), clock.monotonic() - startedMs);
      return response;
    } catch (error) {
      observer.answered(request.method, "<error>", clock.monotonic() - startedMs);
      throw error;
    }
  }
}

function parseBody(body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  try {
    return parseJson(new TextDecoder().decode(body));
  } catch (error) {
    // A connection that breaks can look like an early end of the body.
    throw new PlatformError("ECONNRESET", "the answer was cut off or is not JSON", { cause: error });
  }
}

function retryDelayMs(response: HttpResponse): number | undefined {
  if (response.status !== 429 && response.status < 500) return undefined;
  const seconds = Number.parseInt(response.headers["retry-after"] ?? "", 10);
  return Number.isNaN(seconds) ? undefined : seconds * 1000;
}

/** An eviction refused by a disruption budget is the caller's to retry. */
function isUnretryable(response: HttpResponse, body: Uint8Array): boolean {
  if (response.status !== 429) return false;
  const error = statusErrorOf(response.status, body, response.headers);
  return (
    error instanceof StatusError &&
    (error.status.details?.causes ?? []).some((cause) => cause.reason === "DisruptionBudget")
  );
}

function impersonationHeaders(who: Impersonation): HttpHeaders {
  const headers: Record<string, string | readonly string[]> = { "impersonate-user": who.user };
  if (who.uid !== undefined) headers["impersonate-uid"] = who.uid;
  if (who.groups !== undefined && who.groups.length > 0) headers["impersonate-group"] = who.groups;
  for (const [name, values] of Object.entries(who.extra ?? {}))
    headers[`impersonate-extra-${encodeURIComponent(name.toLowerCase())}`] = values;
  return headers;
}
