import type { Counter, Gauge, Histogram, MetricsRegistry } from "../../component/index.ts";
import { exponentialBuckets } from "../../component/index.ts";
import type { Clock } from "../../base/index.ts";
import type { InFlight } from "../handlers/in-flight.ts";
import type { ServedResource } from "../handlers/served.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { deprecatedAnnotation, type LiveContext } from "../request/context.ts";
import type { RequestInfo } from "../request/contract.ts";
import type { Query } from "../request/query.ts";

/** Seconds; upstream's buckets for `apiserver_request_duration_seconds`. */
const durationBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
/** Upstream's names of verbs in metrics, by its names in `RequestInfo`. */
const reported: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };
const connecting: ReadonlySet<string> = new Set(["exec", "attach", "portforward", "proxy"]);
/** Too many requests, and timeouts. */
const givenUp: ReadonlySet<number> = new Set([429, 504]);
const seriesMax = 10_000;
const base = ["group", "version", "resource", "subresource", "scope", "component"] as const;

interface Series {
  readonly total: Counter;
  readonly duration: Histogram;
  readonly sli: Histogram;
  /** Of requests that the server gave up. */
  readonly terminated: Counter | undefined;
  /** Of reads only. */
  readonly size: Histogram | undefined;
}

/** Counts the life of one watch. */
export interface WatchObserver {
  sent(events: number, bytes: number): void;
  ended(): void;
}

/** Upstream's request metrics. Series are looked up by one string, so that counting costs little. */
export class RequestMetrics {
  readonly registry: MetricsRegistry;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  readonly #watches = new Map<ServedResource, { open: Gauge; events: Counter; sizes: Histogram }>();
  readonly #total;
  readonly #duration;
  readonly #sli;
  readonly #terminations;
  readonly #sizes;
  readonly #longRunning;
  readonly #deprecated;
  readonly #watchEvents;
  readonly #watchSizes;

  constructor(clock: Clock, registry: MetricsRegistry, inFlight: InFlight) {
    this.#clock = clock;
    this.registry = registry;
    const stability = "STABLE";
    this.#total = registry.counters({
      name: "apiserver_request_total",
      help: "Requests by verb, resource and status code.",
      stability,
      labels: ["verb", "dry_run", ...base, "code"],
    });
    this.#duration = registry.histograms({
      name: "apiserver_request_duration_seconds",
      help: "Response latency by verb and resource, in seconds.",
      stability,
      labels: ["verb", "dry_run", ...base],
      buckets: durationBuckets,
    });
    this.#sli = registry.histograms({
      name: "apiserver_request_sli_duration_seconds",
      help: "Response latency less the time in queues and webhooks, by verb and resource, in seconds.",
      labels: ["verb", ...base],
      buckets: durationBuckets,
    });
    this.#terminations = registry.counters({
      name: "apiserver_request_terminations_total",
      help: "Requests that the server gave up to protect itself.",
      labels: ["verb", ...base, "code"],
    });
    this.#sizes = registry.histograms({
      name: "apiserver_response_sizes",
      help: "Bytes of the responses to reads, by verb and resource.",
      stability,
      labels: ["verb", ...base],
      buckets: exponentialBuckets(1000, 10, 7),
    });
    this.#longRunning = registry.gauges({
      name: "apiserver_longrunning_requests",
      help: "Watches and other long requests that are open.",
      stability,
      labels: ["verb", ...base],
    });
    this.#deprecated = registry.gauges({
      name: "apiserver_requested_deprecated_apis",
      help: "1 for what is deprecated and has been asked for, with the release that removes it.",
      stability,
      labels: ["group", "version", "resource", "subresource", "removed_release"],
    });
    this.#watchEvents = registry.counters({
      name: "apiserver_watch_events_total",
      help: "Events sent to watchers.",
      labels: ["group", "version", "resource"],
    });
    this.#watchSizes = registry.histograms({
      name: "apiserver_watch_events_sizes",
      help: "Bytes of the events sent to watchers; those written together count with their average.",
      labels: ["group", "version", "resource"],
      buckets: exponentialBuckets(1024, 2, 8),
    });
    this.#observeInFlight(inFlight);
  }

  completed(context: LiveContext, { status, body }: ApiResponse, query: Query): void {
    const { info, receivedAtMs, annotations, excludedMs } = context;
    if (annotations.has(deprecatedAnnotation)) this.#requestedDeprecated(info);
    if (info.verb === "watch" || (!info.isResourceRequest && status === 404)) return;
    const dryRun = query.text === "" ? "" : (query.get("dryRun") ?? "");
    const named = info.name === "" && info.verb !== "create" ? "" : "n";
    const key = info.isResourceRequest
      ? `${info.verb} ${info.apiGroup} ${info.apiVersion} ${info.resource} ${info.subresource} ${named}${info.namespace === "" ? "" : "s"} ${status} ${dryRun}`
      : `${info.verb} ${info.path} ${status}`;
    const series = this.#series.get(key) ?? this.#create(key, info, status, dryRun);
    series.total.increment();
    const tookMs = Math.max(0, this.#clock.now() - receivedAtMs);
    series.duration.observe(tookMs / 1000);
    series.sli.observe(Math.max(0, tookMs - excludedMs) / 1000);
    series.terminated?.increment();
    if (series.size === undefined) return;
    if (body.type === "bytes") series.size.observe(body.bytes.length);
    else if (body.type === "parts") series.size.observe(body.length);
  }

  /** Counts an open watch. */
  watchStarted(served: ServedResource): WatchObserver {
    let series = this.#watches.get(served);
    if (series === undefined) {
      const { group, version, facts } = served.descriptor;
      series = {
        open: this.#longRunning.with("WATCH", group, version, facts.name, "", "cluster", "apiserver"),
        events: this.#watchEvents.with(group, version, facts.name),
        sizes: this.#watchSizes.with(group, version, facts.name),
      };
      this.#watches.set(served, series);
    }
    const { open, events, sizes } = series;
    open.increment();
    return {
      sent: (count, bytes) => {
        events.increment(count);
        sizes.observe(bytes / count);
      },
      ended: () => open.decrement(),
    };
  }

  #requestedDeprecated({ apiGroup, apiVersion, resource, subresource }: RequestInfo): void {
    this.#deprecated.with(apiGroup, apiVersion, resource, subresource, "").set(1);
  }

  #create(key: string, info: RequestInfo, status: number, dryRun: string): Series {
    const verb = verbOf(info);
    const scope = scopeOf(info);
    // Unknown resources must not make series.
    const known = status !== 404 || info.name !== "";
    const subresource = info.isResourceRequest ? info.subresource : rootOf(info.path);
    const labels = [info.apiGroup, info.apiVersion, known ? info.resource : "", subresource, scope, "apiserver"];
    const dry = dryRun === "" ? "" : dryRun === "All" ? "All" : "invalid";
    const series: Series = {
      total: this.#total.with(verb, dry, ...labels, String(status)),
      duration: this.#duration.with(verb, dry, ...labels),
      sli: this.#sli.with(verb, ...labels),
      terminated: givenUp.has(status) ? this.#terminations.with(verb, ...labels, String(status)) : undefined,
      size: verb === "GET" || verb === "LIST" ? this.#sizes.with(verb, ...labels) : undefined,
    };
    if (this.#series.size < seriesMax) this.#series.set(key, series);
    return series;
  }

  #observeInFlight(inFlight: InFlight): void {
    const current = this.registry.gauges({
      name: "apiserver_current_inflight_requests",
      help: "Most requests answered at the same time since the last look, watches and streams left out.",
      stability: "STABLE",
      labels: ["request_kind"],
    });
    const [readOnly, mutating] = [current.with("readOnly"), current.with("mutating")];
    this.registry.beforeRender(() => {
      const peaks = inFlight.takePeaks();
      readOnly.set(peaks.reading);
      mutating.set(peaks.mutating);
    });
  }
}

function verbOf({ isResourceRequest, verb, subresource }: RequestInfo): string {
  if (isResourceRequest && connecting.has(subresource)) return "CONNECT";
  return reported[verb] ?? verb.toUpperCase();
}

/** Upstream: `CleanScope`. */
function scopeOf({ name, verb, namespace, isResourceRequest }: RequestInfo): string {
  if (!isResourceRequest) return "";
  if (name !== "" || verb === "create") return "resource";
  return namespace === "" ? "cluster" : "namespace";
}

/** The handler of a path that is no resource, not every path below it. */
function rootOf(path: string): string {
  return /^\/(?:openapi\/v[23]|[^/]*)/.exec(path)?.[0] ?? "/";
}
