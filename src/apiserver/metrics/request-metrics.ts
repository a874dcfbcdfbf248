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
/** As who the server asks itself. */
const ownUser = "system:apiserver";
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

/** What tells the series of calls of one verb of one resource apart. */
interface LastCall {
  readonly status: number;
  readonly subresource: string;
  readonly named: boolean;
  readonly namespaced: boolean;
  readonly dryRun: boolean;
  readonly series: Series;
}

/** Counts the life of one watch. */
export interface WatchObserver {
  sent(events: number, bytes: number): void;
  /** A client that asked for it has been sent all there was. */
  initialised(): void;
  ended(): void;
}

/** Upstream's request metrics. Series are looked up by one string, so that counting costs little. */
export class RequestMetrics {
  readonly registry: MetricsRegistry;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  readonly #calls = new WeakMap<ServedResource, Map<string, LastCall>>();
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
  readonly #own;
  readonly #watchLists;

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
      // Upstream's, without the two finest.
      buckets: durationBuckets.filter((bound) => bound >= 0.05),
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
    this.#watchLists = watchListSeries(registry);
    this.#own = ownSeries(registry);
    this.#observeInFlight(inFlight);
  }

  /** Watches that have begun are counted when they end. */
  completed(context: LiveContext, { status, body }: ApiResponse, query: Query): void {
    const { info, annotations } = context;
    if (annotations.has(deprecatedAnnotation)) this.#requestedDeprecated(info);
    if (annotations.has("watch") || (!info.isResourceRequest && status === 404)) return;
    const { size } = this.#count(context, status, query.text === "" ? "" : (query.get("dryRun") ?? ""));
    if (size === undefined) return;
    if (body.type === "bytes") size.observe(body.bytes.length);
    else if (body.type === "parts") size.observe(body.length);
  }

  /** A call from within the process, which has no response. */
  called(served: ServedResource, context: LiveContext, status: number, dryRun: boolean): void {
    const { info, user } = context;
    this.#observe(this.#seriesOfCall(served, info, status, dryRun), context);
    if (user.name !== ownUser) return;
    const { apiGroup, resource, subresource } = info;
    this.#own.with(verbOf(info), apiGroup, resource, subresource).increment();
  }

  /** Calls of one kind mostly come one after the other: the series of the last one is at hand. */
  #seriesOfCall(served: ServedResource, info: RequestInfo, status: number, dryRun: boolean): Series {
    let calls = this.#calls.get(served);
    if (calls === undefined) {
      calls = new Map();
      this.#calls.set(served, calls);
    }
    const last = calls.get(info.verb);
    const [named, namespaced] = [info.name !== "", info.namespace !== ""];
    if (
      last !== undefined &&
      last.status === status &&
      last.subresource === info.subresource &&
      last.named === named &&
      last.namespaced === namespaced &&
      last.dryRun === dryRun
    )
      return last.series;
    const series = this.#seriesOf(info, status, dryRun ? "All" : "");
    calls.set(info.verb, { status, subresource: info.subresource, named, namespaced, dryRun, series });
    return series;
  }

  #count(context: LiveContext, status: number, dryRun: string): Series {
    return this.#observe(this.#seriesOf(context.info, status, dryRun), context);
  }

  #seriesOf(info: RequestInfo, status: number, dryRun: string): Series {
    const named = info.name === "" && info.verb !== "create" ? "" : "n";
    const key = info.isResourceRequest
      ? `${info.verb} ${info.apiGroup} ${info.apiVersion} ${info.resource} ${info.subresource} ${named}${info.namespace === "" ? "" : "s"} ${status} ${dryRun}`
      : `${info.verb} ${info.path} ${status}`;
    return this.#series.get(key) ?? this.#create(key, info, status, dryRun);
  }

  #observe(series: Series, { receivedAtMs, excludedMs }: LiveContext): Series {
    series.total.increment();
    const tookMs = Math.max(0, this.#clock.now() - receivedAtMs);
    series.duration.observe(tookMs / 1000);
    series.sli.observe(Math.max(0, tookMs - excludedMs) / 1000);
    series.terminated?.increment();
    return series;
  }

  /** Counts an open watch, and the request for it when it has ended. */
  watchStarted(served: ServedResource, context: LiveContext): WatchObserver {
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
        sizes.observe(bytes / count, count);
      },
      initialised: () => {
        const { apiGroup, apiVersion, resource } = context.info;
        const seconds = Math.max(0, this.#clock.now() - context.receivedAtMs) / 1000;
        this.#watchLists.with(apiGroup, apiVersion, resource, scopeOf(context.info)).observe(seconds);
      },
      ended: () => {
        open.decrement();
        this.#count(context, 200, "");
      },
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

function watchListSeries(registry: MetricsRegistry) {
  return registry.histograms({
    name: "apiserver_watch_list_duration_seconds",
    help: "How long watches that begin with a list take to send it.",
    stability: "BETA",
    labels: ["group", "version", "resource", "scope"],
    buckets: [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60],
  });
}

function ownSeries(registry: MetricsRegistry) {
  return registry.counters({
    name: "apiserver_selfrequest_total",
    help: "Requests of this server to itself.",
    labels: ["verb", "group", "resource", "subresource"],
  });
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
