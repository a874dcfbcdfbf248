import type { ClientObserver } from "../../client/index.ts";
import type { MetricsRegistry } from "./registry.ts";

/** Seconds; upstream's. */
const buckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** Upstream's `rest_client_*` series for the clients of a component, by their servers' hosts. */
export function restClientMetrics(registry: MetricsRegistry): (host: string) => ClientObserver {
  const of = (name: string, help: string) => ({ name: `rest_client_${name}`, help });
  const requests = registry.counters({
    ...of("requests_total", "Requests by status code, method and host."),
    labels: ["code", "method", "host"],
  });
  const duration = registry.histograms({
    ...of("request_duration_seconds", "How long answers take, by method and host."),
    labels: ["verb", "host"],
    buckets,
  });
  const limited = registry.histograms({
    ...of("rate_limiter_duration_seconds", "How long the client's own limit has requests wait."),
    labels: ["verb", "host"],
    buckets,
  });
  const retries = registry.counters({
    ...of("request_retries_total", "Requests sent again because the server asked for it."),
    labels: ["code", "verb", "host"],
  });
  return (host) => ({
    answered(method, code, tookMs) {
      requests.with(code, method, host).increment();
      duration.with(method, host).observe(tookMs / 1000);
    },
    limited: (method, waitedMs) => limited.with(method, host).observe(waitedMs / 1000),
    retried: (method, code) => retries.with(code, method, host).increment(),
  });
}
