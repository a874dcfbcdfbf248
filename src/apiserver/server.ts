import type { Scheme } from "../api/index.ts";
import { loadScheme } from "../api/index.ts";
import {
  type Clock,
  type Log,
  messageOf,
  type Random,
  type Runnable,
  whenAborted,
  withTimeout,
} from "../base/index.ts";
import type { Network } from "../base/index.ts";
import type { Store } from "../storage/index.ts";
import { OpenApiDocuments } from "../apimachinery/index.ts";
import { groupVersions } from "../api/index.ts";
import {
  accessMetrics,
  addProcessMetrics,
  type Authenticator,
  healthMetrics,
  MetricsRegistry,
  type ZPage,
  zPagePath,
} from "../component/index.ts";
import { AdmissionChain } from "./admission/chain.ts";
import type { AdmissionPlugin } from "./admission/contract.ts";
import { AdmissionMetrics } from "./admission/metrics.ts";
import type { Auditor } from "./audit/contract.ts";
import type { Authorizer } from "./authz/contract.ts";
import { alwaysAllowAuthorizer } from "./authz/index.ts";
import { StoreHub } from "./cacher/hub.ts";
import { discoverySource, type Registrations, registeredSource } from "./discovery/source.ts";
import type { DiscoverySource } from "./discovery/plain.ts";
import { rootPath } from "./discovery/root.ts";
import { DiscoveryHandler } from "./discovery/handler.ts";
import { apiVersionInfo, versionPath } from "./discovery/version.ts";
import { FlushScheduler } from "./handlers/flush-scheduler.ts";
import { type FlowControl, Pipeline } from "./handlers/pipeline.ts";
import type { HandlerServices } from "./handlers/resource-handler.ts";
import { createRouter, type PathHandler, type VirtualResource } from "./handlers/router.ts";
import { type SubresourceHandler, SubresourceHandlers } from "./handlers/subresource-handlers.ts";
import { bindingHandler, bindingsCollection } from "./handlers/subresources/binding.ts";
import { evictionHandler } from "./handlers/subresources/eviction.ts";
import { scaleHandler } from "./handlers/subresources/scale.ts";
import { inUpstreamOrder } from "./health/check-order.ts";
import { type HealthCheck, HealthHandler } from "./health/health.ts";
import { type ComponentProbe, storeProbe } from "./health/component-probes.ts";
import { zPagePaths } from "./health/z-pages.ts";
import { InFlight } from "./handlers/in-flight.ts";
import { OpenWatches } from "./handlers/open-watches.ts";
import type { ApiHandler } from "./http/exchange.ts";
import { ListMetrics } from "./metrics/list-metrics.ts";
import { addObjectMetrics } from "./metrics/object-metrics.ts";
import { ObservedStore } from "./metrics/observed-store.ts";
import { metricsPath } from "./metrics/path.ts";
import { RequestMetrics } from "./metrics/request-metrics.ts";
import { type ExtraDocuments, OpenApiHandler } from "./openapi/handler.ts";
import { streamingHandlers } from "./streaming/handlers.ts";
import { isGlobalUnicast, type MayProxyTo } from "./streaming/targets.ts";
import { streamMetrics } from "./streaming/stream-metrics.ts";
import { KubeletConnections, type KubeletCredentials } from "./streaming/kubelet-connection.ts";
import { Catalog } from "./registry/catalog.ts";
import { builtInConverters } from "./registry/converters.ts";
import { componentStatuses } from "./registry/core/component-status.ts";
import type { Converter, StrategyTable } from "./registry/descriptors.ts";

export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scheme?: Scheme;
  readonly authenticator: Authenticator;
  /** Default: everything is allowed. */
  readonly authorizer?: Authorizer;
  readonly admission?: readonly AdmissionPlugin[];
  readonly strategies?: StrategyTable;
  readonly converters?: ReadonlyMap<string, Converter>;
  readonly flowControl?: FlowControl;
  readonly audit?: Auditor;
  readonly subresources?: Readonly<Record<string, SubresourceHandler>>;
  readonly virtual?: ReadonlyMap<string, VirtualResource>;
  /** Whose healths `componentstatuses` tells, beside the store's. */
  readonly components?: Readonly<Record<string, ComponentProbe>>;
  /** With it, logs, exec, attach, port-forward and proxying reach into nodes. */
  readonly kubelets?: {
    readonly network: Network;
    readonly credentials?: KubeletCredentials;
    readonly mayProxyTo?: MayProxyTo;
  };
  /** Asked in order for paths that are no resources. */
  readonly paths?: readonly PathHandler[];
  /** `/statusz` and `/flagz`. */
  readonly zPages?: readonly ZPage[];
  /** OpenAPI documents of what comes at run time, given those of the built-in kinds. */
  readonly extraDocuments?: (builtIn: OpenApiDocuments) => ExtraDocuments;
  /** What other servers serve as a part of this API. */
  readonly registrations?: Registrations;
  readonly healthChecks?: readonly HealthCheck[];
  /** Work to be done once before the server is ready: default objects, policies. */
  readonly startup?: readonly StartupStep[];
  /** Address told to clients by `/api`. */
  readonly advertiseAddress?: string;
  readonly runtime: { readonly nodeVersion: string; readonly architecture: string };
  /** Where the server registers its metrics; its own when absent. Shown at `/metrics`. */
  readonly metrics?: MetricsRegistry;
  /** Lower bound of a watch's life. Upstream: `--min-request-timeout`, 30 min. */
  readonly watchTimeoutMs?: number;
  readonly bookmarkIntervalMs?: number;
  readonly requestTimeoutMs?: number;
  /** The gate AuthorizePodWebsocketUpgradeCreatePermission. Default true. */
  readonly asksCreateForStreams?: boolean;
  /** How long the server still answers, not ready any more, after it was told to end. `--shutdown-delay-duration`. */
  readonly shutdownDelayMs?: number;
}

/** A step of start-up, known as `poststarthook/<name>` to health checks. */
export interface StartupStep {
  readonly name: string;
  /** Steps that upstream's server has by themselves, whose work this one does; each is a health check too. */
  readonly covers?: readonly string[];
  run(server: ApiServer, signal: AbortSignal): Promise<void>;
  /** Called when the server is to end, while it still answers. */
  stop?(): Promise<void>;
}

const watchTimeoutMsDefault = 30 * 60_000;
const bookmarkIntervalMsDefault = 60_000;
/** Upstream waits for the request timeout, 60 s. */
const drainMsMax = 60_000;
const stopStepsMsMax = 5_000;

/** An API server over a store. It answers requests handed to `handler`; listening is `listenHttp`'s business. */
export class ApiServer implements Runnable {
  readonly name = "apiserver";
  readonly handler: ApiHandler;
  readonly catalog: Catalog;
  readonly health: HealthHandler;
  readonly hub: StoreHub;
  readonly options: ApiServerOptions;
  readonly services: HandlerServices;
  readonly metrics: RequestMetrics;
  readonly inFlight = new InFlight();
  readonly openWatches = new OpenWatches();
  readonly scheme: Scheme;
  readonly admission: AdmissionChain;
  /** Beside the other metrics, to be asked for more often. */
  readonly #slis = new MetricsRegistry();
  readonly #lists: ListMetrics;
  readonly #pending: Set<string>;
  readonly #ready = Promise.withResolvers<void>();
  #stopping = false;
  #draining = false;

  constructor(options: ApiServerOptions) {
    this.options = options;
    const { clock, random, log, metrics = new MetricsRegistry() } = options;
    this.scheme = options.scheme ?? loadScheme();
    this.metrics = new RequestMetrics(clock, metrics, this.inFlight);
    const store = new ObservedStore(options.store, clock, metrics);
    this.admission = new AdmissionChain(options.admission ?? [], new AdmissionMetrics(metrics, clock));
    this.hub = new StoreHub({ store, clock, log });
    this.catalog = new Catalog({
      scheme: this.scheme,
      store,
      hub: this.hub,
      clock,
      random,
      log,
      admission: this.admission,
      strategies: options.strategies ?? new Map(),
      converters: options.converters ?? builtInConverters,
    });
    const statuses = this.catalog.table.get("", "v1", "componentstatuses");
    if (statuses !== undefined) {
      statuses.computed = componentStatuses({ ...options.components, "etcd-0": storeProbe(options.store) });
    }
    addProcessMetrics(metrics, clock);
    addObjectMetrics(metrics, this.catalog.table);
    this.#lists = new ListMetrics(metrics);
    // Nobody need wait for it.
    this.#ready.promise.catch(() => {});
    this.#pending = new Set((options.startup ?? []).map((step) => step.name));
    this.health = new HealthHandler(this.#checks(), healthMetrics(this.#slis));
    this.services = this.#handlerServices();
    this.handler = this.#pipeline().handle;
  }

  /** Follows the store and carries out the start-up steps; returns when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = new AbortController();
    const following = this.hub.run(stopped.signal);
    try {
      for (const step of this.options.startup ?? []) {
        await step.run(this, signal);
        this.#pending.delete(step.name);
      }
      this.#ready.resolve();
      await whenAborted(signal);
      await this.#drain();
    } catch (error) {
      this.#ready.reject(error);
      if (!signal.aborted) throw error;
    } finally {
      this.#stopping = true;
      this.#draining = true;
      stopped.abort();
      await following;
    }
  }

  /** Upstream's order: not ready, the delay, no new requests, watches end, what is being answered is finished. */
  async #drain(): Promise<void> {
    const { clock, shutdownDelayMs = 0, requestTimeoutMs = drainMsMax } = this.options;
    this.#stopping = true;
    await withTimeout(clock, stopStepsMsMax, () => this.#stopSteps()).catch(() => {});
    if (shutdownDelayMs > 0) await clock.sleep(shutdownDelayMs);
    this.#draining = true;
    this.openWatches.finish();
    await withTimeout(clock, Math.min(requestTimeoutMs, drainMsMax), () => this.inFlight.idle()).catch(() => {
      this.options.log.warn("requests were still being answered at the end", {
        requests: this.inFlight.reading + this.inFlight.mutating,
      });
    });
  }

  /** Resolves when the start-up steps are done; rejects when one of them failed. */
  get started(): Promise<void> {
    return this.#ready.promise;
  }

  /** What this server serves by itself. */
  get localDiscovery(): DiscoverySource {
    return discoverySource(this.scheme, this.catalog.table);
  }

  get ready(): boolean {
    return this.#pending.size === 0 && !this.#stopping;
  }

  async #stopSteps(): Promise<void> {
    const stopping = (this.options.startup ?? []).map(async (step) => {
      try {
        await step.stop?.();
      } catch (error) {
        this.options.log.warn("a part of the server did not stop well", { name: step.name, error: messageOf(error) });
      }
    });
    await Promise.all(stopping);
  }

  #checks(): readonly HealthCheck[] {
    const { store } = this.options;
    const steps = (this.options.startup ?? []).flatMap(({ name, covers = [] }) =>
      [name, ...covers].map((hook) => ({
        name: `poststarthook/${hook}`,
        check: () => (this.#pending.has(name) ? "not finished" : undefined),
      })),
    );
    const checks: readonly HealthCheck[] = [
      { name: "ping", check: () => undefined },
      { name: "log", check: () => undefined },
      { name: "etcd", check: () => store.currentRevision().then(() => undefined) },
      { name: "etcd-readiness", only: ["readyz"], check: () => store.currentRevision().then(() => undefined) },
      ...steps,
      ...this.#derivedChecks(),
      ...(this.options.healthChecks ?? []),
    ];
    const ending = () => (this.#stopping ? "process is shutting down" : undefined);
    return [...inUpstreamOrder(checks), { name: "shutdown", only: ["readyz"], check: ending }];
  }

  /** Checks of upstream's that tell of steps under other names. */
  #derivedChecks(): readonly HealthCheck[] {
    const afterStep = (name: string, hook: string, only?: HealthCheck["only"]): readonly HealthCheck[] =>
      (this.options.startup ?? []).some((step) => step.name === hook)
        ? [
            {
              name,
              check: () => (this.#pending.has(hook) ? `${hook} is not finished` : undefined),
              ...(only === undefined ? {} : { only }),
            },
          ]
        : [];
    return [
      ...afterStep("informer-sync", "start-apiserver-admission-initializer", ["readyz"]),
      ...afterStep("autoregister-completion", "apiservice-registration-controller"),
    ];
  }

  #handlerServices(): HandlerServices {
    const { clock, random, watchTimeoutMs = watchTimeoutMsDefault } = this.options;
    return {
      clock,
      random,
      scheduler: new FlushScheduler(clock),
      subresources: new SubresourceHandlers({ ...this.#builtInSubresources(), ...this.options.subresources }),
      watchTimeoutMs,
      bookmarkIntervalMs: this.options.bookmarkIntervalMs ?? bookmarkIntervalMsDefault,
      watchStarted: (served, context) => this.metrics.watchStarted(served, context),
      openWatches: this.openWatches,
      listed: (served, page) => this.#lists.listed(served, page),
    };
  }

  #pipeline(): Pipeline {
    const {
      clock,
      random,
      log,
      authenticator,
      authorizer = alwaysAllowAuthorizer,
      flowControl,
      audit,
      requestTimeoutMs,
      zPages = [],
    } = this.options;
    const source = registeredSource(this.localDiscovery, this.options.registrations);
    return new Pipeline({
      clock,
      random,
      log,
      authenticator,
      authorizer,
      ...(flowControl === undefined ? {} : { flowControl }),
      ...(audit === undefined ? {} : { audit }),
      ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
      asksCreateForStreams: this.options.asksCreateForStreams ?? true,
      access: accessMetrics(this.metrics.registry),
      inFlight: this.inFlight,
      draining: () => this.#draining,
      onComplete: (context, response, query) => this.metrics.completed(context, response, query),
      router: createRouter({
        table: this.catalog.table,
        services: this.services,
        builtInGroups: new Set(this.scheme.groupVersions().map(({ group }) => group)),
        isRemote: (group, version) => this.options.registrations?.isRemote(group, version) === true,
        virtual: new Map([
          ["/v1/bindings", bindingsCollection(this.scheme, this.catalog.table)],
          ...(this.options.virtual ?? []),
        ]),
        paths: [
          this.health,
          ...(this.options.paths ?? []),
          this.#discovery(source),
          rootPath(source, () => [...this.health.paths(), ...zPages.map(zPagePath)]),
          zPagePaths(zPages),
          this.#openApi(),
          metricsPath(this.metrics.registry),
          metricsPath(this.#slis, "/metrics/slis"),
          versionPath(this.options.runtime),
        ],
      }),
    });
  }

  #builtInSubresources(): Readonly<Record<string, SubresourceHandler>> {
    return {
      "/pods/binding": bindingHandler(this.scheme),
      "/pods/eviction": evictionHandler(this.scheme, this.catalog.table),
      scale: scaleHandler(this.scheme),
      ...this.#streaming(),
    };
  }

  #streaming(): Readonly<Record<string, SubresourceHandler>> {
    const { kubelets, random, clock } = this.options;
    if (kubelets === undefined) return {};
    const connections = new KubeletConnections(kubelets.network, kubelets.credentials);
    const metrics = streamMetrics(this.metrics.registry);
    const { mayProxyTo = isGlobalUnicast } = kubelets;
    return streamingHandlers({ connections, table: this.catalog.table, random, clock, metrics, mayProxyTo });
  }

  #openApi(): PathHandler {
    const { gitVersion, major, minor } = apiVersionInfo;
    const documents = new OpenApiDocuments(groupVersions, `${major}.${minor}`);
    const extra = this.options.extraDocuments?.(documents);
    return new OpenApiHandler({ documents, version: gitVersion, ...(extra === undefined ? {} : { extra }) });
  }

  #discovery(source: DiscoverySource): PathHandler {
    const { table } = this.catalog;
    return new DiscoveryHandler({
      source,
      revision: () => table.revision + (this.options.registrations?.revision ?? 0),
      serverAddress: () => this.options.advertiseAddress ?? "127.0.0.1:6443",
    });
  }
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  return new ApiServer(options);
}
