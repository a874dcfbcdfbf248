import { type Counter, type Gauge, type Histogram, MetricsRegistry } from "../../component/index.ts";
import type { Clock } from "../../base/index.ts";
import type { PathHandler } from "../handlers/router.ts";
import type { ServedResource } from "../handlers/served.ts";
import type { ApiResponse } from "../http/exchange.ts";
import type { LiveContext } from "../request/context.ts";

/** Seconds; upstream's buckets for `apiserver_request_duration_seconds`. */
const durationBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

interface Series {
  readonly total: Counter;
  readonly duration: Histogram;
}

/** Upstream's request metrics. Series are looked up by one string, so that counting costs little. */
export class RequestMetrics {
  readonly registry: MetricsRegistry;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  readonly #watches = new Map<ServedResource, Gauge>();
  readonly #total;
  readonly #duration;
  readonly #longRunning;

  constructor(clock: Clock, registry = new MetricsRegistry()) {
    this.#clock = clock;
    this.registry = registry;
    this.#total = registry.counters({
      name: "apiserver_request_total",
      help: "Requests by verb, resource and status code.",
      stability: "STABLE",
      labels: ["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component", "code"],
    });
    this.#duration = registry.histograms({
      name: "apiserver_request_duration_seconds",
      help: "Response latency by verb and resource, in seconds.",
      stability: "STABLE",
      labels: ["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component"],
      buckets: durationBuckets,
    });
    this.#longRunning = registry.gauges({
      name: "apiserver_longrunning_requests",
      help: "Watches and other long requests that are open.",
      stability: "STABLE",
      labels: ["verb", "group", "version", "resource", "subresource", "scope", "component"],
    });
  }

  completed({ info, receivedAtMs }: LiveContext, { status }: ApiResponse): void {
    if (!info.isResourceRequest || info.verb === "watch") return;
    const scope = info.name !== "" ? "resource" : info.namespace !== "" ? "namespace" : "cluster";
    const key = `${info.verb} ${info.apiGroup} ${info.apiVersion} ${info.resource} ${info.subresource} ${scope} ${status}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      // Unknown resources must not make series.
      const known = status !== 404 || info.name !== "";
      const resource = known ? info.resource : "";
      const labels = [
        info.verb.toUpperCase(),
        "",
        info.apiGroup,
        info.apiVersion,
        resource,
        info.subresource,
        scope,
        "apiserver",
      ];
      series = { total: this.#total.with(...labels, String(status)), duration: this.#duration.with(...labels) };
      if (this.#series.size < seriesMax) this.#series.set(key, series);
    }
    series.total.increment();
    series.duration.observe(Math.max(0, this.#clock.now() - receivedAtMs) / 1000);
  }

  /** Counts an open watch; the returned function is called at its end. */
  watchStarted(served: ServedResource): () => void {
    let gauge = this.#watches.get(served);
    if (gauge === undefined) {
      const { group, version, facts } = served.descriptor;
      gauge = this.#longRunning.with("WATCH", group, version, facts.name, "", "cluster", "apiserver");
      this.#watches.set(served, gauge);
    }
    const counted = gauge;
    counted.increment();
    return () => counted.decrement();
  }

  /** `/metrics`. */
  get path(): PathHandler {
    return {
      handle: (request) => {
        if (request.target.split("?")[0] !== "/metrics") return undefined;
        const accept = request.headers["accept"];
        const { contentType, body } = this.registry.render(
          MetricsRegistry.formatFor(typeof accept === "string" ? accept : undefined),
        );
        return {
          status: 200,
          headers: { "content-type": contentType },
          body: { type: "bytes", bytes: Buffer.from(body) },
        };
      },
    };
  }
}

const seriesMax = 10_000;
