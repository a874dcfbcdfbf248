/** One request and its answer over whatever HTTP version the server speaks. The body is not read yet. */
export interface HttpRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: HttpHeaders;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type HttpHeaders = Readonly<Record<string, string | readonly string[]>>;

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Read at most once. Leaving the loop early cuts the exchange. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Cuts the exchange if it is still going on. */
  close(): void;
}

export interface HttpTransport {
  /** Rejects with a `PlatformError` when the server cannot be reached, or with the signal's reason. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Makes later requests use new connections (new certificates); those under way finish. */
  reconnect(): void;
  close(): void;
}

/** PEM. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
}
