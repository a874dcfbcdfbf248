import {
  type Counter,
  exponentialBuckets,
  type Gauge,
  type Histogram,
  type MetricsRegistry,
} from "../component/index.ts";

/** kube-proxy's own metrics, by upstream's names. Times are seconds. */
export interface ProxyMetrics {
  readonly syncSeconds: Histogram;
  readonly programmingSeconds: Histogram;
  readonly lastSync: Gauge;
  readonly lastQueued: Gauge;
  readonly serviceChanges: Counter;
  readonly endpointChanges: Counter;
  readonly failures: Counter;
  /** Answers to those who ask for the proxy's health. */
  readonly answered: (path: "healthz" | "livez", status: number) => void;
}

export function proxyMetrics(registry: MetricsRegistry, family: "IPv4" | "IPv6"): ProxyMetrics {
  const labels = ["ip_family"] as const;
  const name = (rest: string) => `kubeproxy_${rest}`;
  const histogram = (rest: string, help: string, buckets: readonly number[]) =>
    registry.histograms({ name: name(rest), help, labels, buckets }).with(family);
  const gauge = (rest: string, help: string) => registry.gauges({ name: name(rest), help, labels }).with(family);
  const answers = (path: string) =>
    registry.counters({ name: name(`proxy_${path}_total`), help: `Answers at /${path}, by status.`, labels: ["code"] });
  const answered = { healthz: answers("healthz"), livez: answers("livez") };
  return {
    answered: (path, status) => answered[path].with(String(status)).increment(),
    syncSeconds: histogram(
      "sync_proxy_rules_duration_seconds",
      "How long one sync took.",
      exponentialBuckets(0.001, 2, 15),
    ),
    programmingSeconds: histogram(
      "network_programming_duration_seconds",
      "From a change of a Service or pod to its rules on this node.",
      [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 10, 20, 30, 60, 120, 300],
    ),
    lastSync: gauge("sync_proxy_rules_last_timestamp_seconds", "When rules were last written."),
    lastQueued: gauge("sync_proxy_rules_last_queued_timestamp_seconds", "When a change last came in."),
    serviceChanges: registry.counter({
      name: name("sync_proxy_rules_service_changes_total"),
      help: "Changes of Services.",
    }),
    endpointChanges: registry.counter({
      name: name("sync_proxy_rules_endpoint_changes_total"),
      help: "Changes of endpoints.",
    }),
    failures: registry
      .counters({
        name: name("sync_proxy_rules_nftables_sync_failures_total"),
        help: "Batches that nft refused.",
        labels,
      })
      .with(family),
  };
}
