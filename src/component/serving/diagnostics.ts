import type { HealthChecks } from "../health/health-checks.ts";
import { MetricsRegistry } from "../metrics/index.ts";

export interface DiagnosticsRequest {
  readonly method: string;
  /** As the client wrote it, with its query. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** DER, leaf first. Nobody has verified them. */
  readonly clientCertificates: readonly Uint8Array[];
  readonly remoteAddress: string;
}

export interface DiagnosticsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers a request, or leaves it to the next one. */
export type DiagnosticsHandler = (request: DiagnosticsRequest) => Promise<DiagnosticsAnswer | undefined>;

/** `/healthz`, `/livez` or `/readyz` and the checks below them. */
export function serveHealth(checks: HealthChecks): DiagnosticsHandler {
  return (request) => checks.answer(request.path, request.query);
}

/** `/metrics`, in the format that the client asks for. Another path is for another registry. */
export function serveMetrics(registry: MetricsRegistry, at = "/metrics"): DiagnosticsHandler {
  return async ({ path, accept }) =>
    path === at ? { status: 200, ...registry.render(MetricsRegistry.formatFor(accept)) } : undefined;
}

/** A JSON document at a path: `/configz`. */
export function serveJson(path: string, content: () => unknown): DiagnosticsHandler {
  return async (request) =>
    request.path === path
      ? { status: 200, contentType: "application/json", body: JSON.stringify(content()) }
      : undefined;
}
