import { StatusError } from "../../apimachinery/index.ts";
import { type Clock, isPlatformError, withTimeout } from "../../base/index.ts";
import { type Client, statusErrorOf } from "../../client/index.ts";
import { retryingWebhook } from "../authentication/index.ts";
import type { MetricsRegistry } from "../metrics/index.ts";

/** Asks for one review and tells its status. */
export type Ask<Spec, Answer> = (spec: Spec, signal: AbortSignal) => Promise<Answer>;

export interface ReviewOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly group: "authentication.k8s.io" | "authorization.k8s.io";
  readonly kind: "TokenReview" | "SubjectAccessReview";
  readonly observe: (code: string, tookMs: number) => void;
}

/** What all attempts together may take. */
const timeoutMs = 10_000;

const passing: ReadonlySet<string> = new Set(["InternalError", "Timeout", "ServerTimeout", "TooManyRequests"]);

/** Posts reviews to the API server, again where it or the connection failed in a way that may pass. */
export function reviewer<Spec, Answer>(options: ReviewOptions): Ask<Spec, Answer> {
  const { client, clock, group, kind, observe } = options;
  const path = `/apis/${group}/v1/${kind.toLowerCase()}s`;
  const headers = { "content-type": "application/json", accept: "application/json" };
  const once = async (spec: Spec, signal: AbortSignal): Promise<Answer> => {
    const startedMs = clock.monotonic();
    let code = "<error>";
    try {
      const sent = JSON.stringify({ kind, apiVersion: `${group}/v1`, metadata: {}, spec });
      const answer = await client.raw({ method: "POST", path, headers, body: sent, signal });
      code = String(answer.status);
      if (answer.status >= 300) throw statusErrorOf(answer.status, answer.body, answer.headers);
      const review = JSON.parse(Buffer.from(answer.body).toString()) as { readonly status?: Answer };
      if (review.status === undefined) throw new Error(`the ${kind} came back without a status`);
      return review.status;
    } finally {
      observe(code, clock.monotonic() - startedMs);
    }
  };
  const again = (spec: Spec, signal: AbortSignal) => retryingWebhook(clock, () => once(spec, signal), mayPass, signal);
  return (spec, signal) => withTimeout(clock, timeoutMs, (inner) => again(spec, inner), signal);
}

function mayPass(error: unknown): boolean {
  if (error instanceof StatusError) return passing.has(error.reason ?? "");
  return isPlatformError(error) && error.code === "ECONNRESET";
}

/** `apiserver_delegated_authn_*` or `apiserver_delegated_authz_*`. */
export function reviewMetrics(registry: MetricsRegistry, part: "authn" | "authz"): ReviewOptions["observe"] {
  const total = registry.counters({
    name: `apiserver_delegated_${part}_request_total`,
    help: "Reviews that the API server was asked for, by the status of its answer.",
    labels: ["code"],
  });
  const took = registry.histograms({
    name: `apiserver_delegated_${part}_request_duration_seconds`,
    help: "How long the API server takes for a review.",
    labels: ["code"],
    buckets: [0.25, 0.5, 0.7, 1, 1.5, 3, 5, 10],
  });
  return (code, tookMs) => {
    total.with(code).increment();
    took.with(code).observe(tookMs / 1000);
  };
}
