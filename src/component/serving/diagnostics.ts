import type { HealthChecks } from "../health/health-checks.ts";
import { MetricsRegistry } from "../metrics/index.ts";

export interface DiagnosticsRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly authorization: string | undefined;
  /** The client certificate in DER, when one was given and verified. */
  readonly clientCertificate: Uint8Array | undefined;
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

/** `/metrics`, in the format that the client asks for. */
export function serveMetrics(registry: MetricsRegistry): DiagnosticsHandler {
  return async ({ path, accept }) =>
    path === "/metrics" ? { status: 200, ...registry.render(MetricsRegistry.formatFor(accept)) } : undefined;
}

/** A JSON document at a path, for example `/version` or `/configz`. */
export function serveJson(path: string, content: () => unknown): DiagnosticsHandler {
  return async (request) =>
    request.path === path
      ? { status: 200, contentType: "application/json", body: JSON.stringify(content(), undefined, 2) }
      : undefined;
}

/**
 * Puts a guard before a handler. The guard returns the answer for those it refuses. Paths in `open` pass without it,
 * as by upstream's `--authorization-always-allow-paths`.
 */
export function guarded(
  handler: DiagnosticsHandler,
  guard: DiagnosticsHandler,
  open: readonly string[] = ["/healthz", "/readyz", "/livez"],
): DiagnosticsHandler {
  return async (request) => {
    if (open.includes(request.path)) return handler(request);
    return (await guard(request)) ?? handler(request);
  };
}
