import type { Node } from "../api/index.ts";
import {
  type Clock,
  type Disk,
  type Log,
  messageOf,
  type Network,
  type Processes,
  type Runnable,
} from "../base/index.ts";
import type { InformerFactory } from "../client/index.ts";
import {
  HealthChecks,
  healthMetrics,
  MetricsRegistry,
  serveHealth,
  serveJson,
  serveMetrics,
  serveZPage,
  type ZPage,
  startDiagnosticsServer,
} from "../component/index.ts";
import { type Enter, Nft, removeTable } from "../network/index.ts";
import { Changes } from "./changes.ts";
import type { BindAddress } from "./command/settings.ts";
import type { ProxyConfig } from "./config.ts";
import { type AnswerNow, HealthServers } from "./health/health-servers.ts";
import { ProxyHealth } from "./health/proxy-health.ts";
import { healthAnswer, type ServiceHealth, serviceHealth } from "./health/service-health.ts";
import { type ProxyMetrics, proxyMetrics } from "./metrics.ts";
import { Syncer } from "./syncer.ts";

export interface ProxyPlatform {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly network: Network;
  readonly processes: Processes;
  readonly log: Log;
}

export interface ProxyOptions {
  /** Without an address, the proxy waits for the one in its Node's status. */
  readonly config: Omit<ProxyConfig, "nodeAddress"> & { readonly nodeAddress?: string };
  readonly informers: InformerFactory;
  /** For the batches that nft reads. */
  readonly directory: string;
  /** Where `/healthz` answers. */
  readonly healthz?: BindAddress;
  /** Where `/metrics` and `/proxyMode` answer. */
  readonly metrics?: BindAddress;
  readonly registry?: MetricsRegistry;
  /** Beside the metrics. */
  readonly zPages?: readonly ZPage[];
  /** What `/configz` shows. */
  readonly configz?: unknown;
  /** Changes within it are written together. Default 100. */
  readonly minSyncPeriodMs?: number;
  /** How often the table is checked for still being there. Default 30 000. */
  readonly syncPeriodMs?: number;
  readonly enter?: Enter;
}

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 30_000;
/** Lets the events that belong to one change arrive together. */
const GATHER_MS = 5;

/** kube-proxy: Services and their endpoint slices in, one nftables table out. */
export class Proxy implements Runnable {
  readonly name = "kube-proxy";
  readonly #platform: ProxyPlatform;
  readonly #options: ProxyOptions;
  readonly #nft: Nft;
  readonly #health: HealthServers;
  readonly #metrics: ProxyMetrics | undefined;
  readonly #changes: Changes;
  readonly #serviceHealth = new Map<string, ServiceHealth>();
  readonly #ownHealth: ProxyHealth;
  #lastSyncMs = 0;
  #lastFailed = true;
  #syncCount = 0;
  #syncing = false;

  constructor(platform: ProxyPlatform, options: ProxyOptions) {
    this.#platform = platform;
    this.#options = options;
    const { config, informers, registry } = options;
    this.#nft = new Nft({ ...platform, directory: options.directory, enter: options.enter });
    this.#health = new HealthServers(platform.network, platform.log);
    this.#metrics = registry && proxyMetrics(registry, config.family);
    this.#changes = new Changes(platform, informers, config.nodeName, this.#metrics);
    this.#ownHealth = new ProxyHealth({
      clock: platform.clock,
      family: config.family,
      // As upstream: twice the time after which rules are written anyhow.
      timeoutMs: 2 * (options.syncPeriodMs ?? 30_000),
      nodeEligible: () => isEligible(this.#changes.node),
      answered: (path, status) => this.#metrics?.answered(path, status),
    });
  }

  /** How often the kernel's table was brought up to date. */
  get syncCount(): number {
    return this.#syncCount;
  }

  /** Whether a change is known that the kernel's table does not show yet. */
  get pending(): boolean {
    return this.#syncing || this.#changes.pending;
  }

  /** Leaves the rules in the kernel when it ends, so that a restart is not noticed. */
  async run(signal: AbortSignal): Promise<void> {
    const unwatch = this.#changes.watch();
    const closeMetrics = await this.#serveMetrics();
    try {
      await this.#health.sync(this.#answers());
      await this.#changes.waitForSync(signal);
      await this.#loop(await this.#createSyncer(signal), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      unwatch();
      await this.#health.close();
      await closeMetrics();
    }
  }

  async #createSyncer(signal: AbortSignal): Promise<Syncer> {
    const { config, enter } = this.#options;
    const { clock, log } = this.#platform;
    let nodeAddress = config.nodeAddress ?? addressOf(this.#changes.node, config.family);
    if (nodeAddress === undefined) log.info("waiting for the node's address", { node: config.nodeName });
    while (nodeAddress === undefined) {
      await clock.sleep(RETRY_MS_MIN, signal);
      nodeAddress = addressOf(this.#changes.node, config.family);
    }
    return new Syncer({ ...this.#platform, config: { ...config, nodeAddress }, nft: this.#nft, enter });
  }

  async #loop(syncer: Syncer, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#platform;
    const { minSyncPeriodMs = 100, syncPeriodMs = 30_000 } = this.#options;
    let retryMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      const startedMs = clock.monotonic();
      try {
        this.#syncing = true;
        this.#ownHealth.queued();
        await this.#sync(syncer);
        this.#syncing = false;
        this.#ownHealth.updated();
        retryMs = RETRY_MS_MIN;
      } catch (error) {
        this.#lastFailed = true;
        this.#metrics?.failures.increment();
        syncer.invalidate();
        log.error("rules for Services cannot be written", { error: messageOf(error), retryMs });
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
        continue;
      }
      const tookMs = clock.monotonic() - startedMs;
      this.#metrics?.syncSeconds.observe(tookMs / 1_000);
      await clock.sleep(Math.max(minSyncPeriodMs, tookMs), signal);
      if (await this.#changes.wait(syncPeriodMs, signal)) await clock.sleep(GATHER_MS, signal);
      else if (!(await this.#nft.exists(tableOf(this.#options.config)))) syncer.invalidate();
    }
  }

  async #sync(syncer: Syncer): Promise<void> {
    const zone = this.#changes.node?.metadata.labels?.["topology.kubernetes.io/zone"];
    if (syncer.setZone(zone)) this.#changes.noteAll();
    syncer.setServiceRanges(this.#changes.serviceRanges);
    const triggers = this.#changes.takeTriggers();
    for (const key of this.#changes.take()) {
      const input = this.#changes.get(key);
      const rendered = syncer.set(key, input);
      const health = input && serviceHealth(input.service, rendered);
      if (health === undefined) this.#serviceHealth.delete(key);
      else this.#serviceHealth.set(key, health);
    }
    await syncer.apply();
    this.#lastFailed = false;
    this.#lastSyncMs = this.#platform.clock.now();
    this.#syncCount++;
    this.#metrics?.lastSync.set(this.#lastSyncMs / 1_000);
    for (const triggeredMs of triggers) {
      this.#metrics?.programmingSeconds.observe((this.#lastSyncMs - triggeredMs) / 1_000);
    }
    await this.#health.sync(this.#answers());
  }

  #answers(): ReadonlyMap<string, AnswerNow> {
    const answers = new Map<string, AnswerNow>();
    for (const health of this.#serviceHealth.values()) {
      answers.set(`0.0.0.0:${health.port}`, () => healthAnswer(health, !this.#lastFailed));
    }
    const { healthz } = this.#options;
    if (healthz !== undefined) answers.set(`${healthz.host}:${healthz.port}`, (path) => this.#ownHealth.answer(path));
    return answers;
  }

  async #serveMetrics(): Promise<() => Promise<void>> {
    const { metrics: address, registry, zPages = [], configz } = this.#options;
    const { network, log } = this.#platform;
    if (address === undefined || registry === undefined) return async () => {};
    const mode = { status: 200, contentType: "text/plain; charset=utf-8", body: "nftables" };
    const health = new HealthChecks("healthz");
    const slis = new MetricsRegistry();
    health.observedBy(healthMetrics(slis));
    const handlers = [
      serveHealth(health),
      serveMetrics(registry),
      serveMetrics(slis, "/metrics/slis"),
      ...(configz === undefined ? [] : [serveJson("/configz", () => configz)]),
      ...zPages.map(serveZPage),
      async ({ path }: { readonly path: string }) => (path === "/proxyMode" ? mode : undefined),
    ];
    try {
      const listener = await startDiagnosticsServer({ network, log, address, handlers });
      return () => listener.close();
    } catch (error) {
      log.error("metrics cannot be served", { ...address, error: messageOf(error) });
      return async () => {};
    }
  }
}

/** Removes the proxy's rules, for when the node is taken down. */
export async function removeProxyRules(nft: Nft, config: Pick<ProxyConfig, "family" | "table">): Promise<void> {
  await nft.apply(removeTable(tableOf(config)));
}

function tableOf({ family, table }: Pick<ProxyConfig, "family" | "table">) {
  return { family: family === "IPv4" ? "ip" : "ip6", name: table } as const;
}

function addressOf(node: Node | undefined, family: ProxyConfig["family"]): string | undefined {
  const internal = node?.status?.addresses?.filter(({ type }) => type === "InternalIP") ?? [];
  return internal.find(({ address }) => address.includes(":") === (family === "IPv6"))?.address;
}

/** Load balancers should drain a node that is going away. */
function isEligible(node: Node | undefined): boolean {
  if (node === undefined) return true;
  const leaving = node.spec?.taints?.some(({ key }) => key === "ToBeDeletedByClusterAutoscaler") ?? false;
  return !leaving && node.metadata.deletionTimestamp === undefined;
}
