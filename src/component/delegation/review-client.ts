import { type KubeObject, StatusError } from "../../apimachinery/index.ts";
import { type Clock, isPlatformError, withTimeout } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
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

/** Upstream: `DefaultAuthWebhookRetryBackoff`, and the time that all attempts together may take. */
const attemptsMax = 5;
const backoffMs = 500;
const backoffFactor = 1.5;
const timeoutMs = 10_000;

const passing: ReadonlySet<string> = new Set(["InternalError", "Timeout", "ServerTimeout", "TooManyRequests"]);

/** Posts reviews to the API server, again where it or the connection failed in a way that may pass. */
export function reviewer<Spec, Answer extends object>(options: ReviewOptions): Ask<Spec, Answer> {
  const { client, clock, group, kind, observe } = options;
  const reviews = client.resource<KubeObject & { readonly status?: Answer }>({
    group,
    version: "v1",
    resource: `${kind.toLowerCase()}s`,
  });
  const once = async (spec: Spec, signal: AbortSignal): Promise<Answer> => {
    const startedMs = clock.monotonic();
    const observed = (code: string) => observe(code, clock.monotonic() - startedMs);
    try {
      const review = { apiVersion: `${group}/v1`, kind, metadata: {}, spec };
      const { status } = await reviews.create(review, { signal });
      observed("201");
      if (status === undefined) throw new Error(`the ${kind} came back without a status`);
      return status;
    } catch (error) {
      observed(error instanceof StatusError ? String(error.status.code ?? "<error>") : "<error>");
      throw error;
    }
  };
  const again = async (spec: Spec, signal: AbortSignal): Promise<Answer> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(spec, signal);
      } catch (error) {
        if (!mayPass(error) || attempt >= attemptsMax || signal.aborted) throw error;
        await clock.sleep(backoffMs * backoffFactor ** (attempt - 1), signal);
      }
    }
  };
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
