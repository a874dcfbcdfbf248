import type { EndpointSlice, Node, Service } from "../api/index.ts";
import {
  type Clock,
  type Disk,
  type Log,
  messageOf,
  type Network,
  type Processes,
  type Runnable,
} from "../base/index.ts";
import { type Informer, type InformerFactory, informerOf, keyOf, kinds } from "../client/index.ts";
import type { DiagnosticsAnswer } from "../component/index.ts";
import { type Enter, Nft, removeTable } from "../network/index.ts";
import type { ProxyConfig } from "./config.ts";
import { type AnswerNow, HealthServers } from "./health/health-servers.ts";
import { healthAnswer, serviceHealth, type ServiceHealth } from "./health/service-health.ts";
import { Syncer } from "./syncer.ts";

export interface ProxyPlatform {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly network: Network;
  readonly processes: Processes;
  readonly log: Log;
}

export interface ProxyOptions {
  readonly config: ProxyConfig;
  readonly informers: InformerFactory;
  /** For the batches that nft reads. */
  readonly directory: string;
  /** Where `/healthz` answers; upstream's default is 10256. 0 turns it off. */
  readonly healthzPort: number;
  /** `--iptables-min-sync-period`: changes within it are written together. Default 100. */
  readonly minSyncPeriodMs?: number;
  /** `--iptables-sync-period`: how often the table is checked for still being there. Default 30 000. */
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
  readonly #syncer: Syncer;
  readonly #nft: Nft;
  readonly #health: HealthServers;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #nodes: Informer<Node>;
  readonly #changed = new Set<string>();
  readonly #serviceHealth = new Map<string, ServiceHealth>();
  #wake: () => void = () => {};
  #lastSyncMs = 0;
  #lastFailed = true;
  #syncCount = 0;

  constructor(platform: ProxyPlatform, options: ProxyOptions) {
    this.#platform = platform;
    this.#options = options;
    const { config, informers, directory, enter } = options;
    this.#nft = new Nft({ ...platform, directory, enter });
    this.#syncer = new Syncer({ ...platform, config, nft: this.#nft, enter });
    this.#health = new HealthServers(platform.network, platform.log, "0.0.0.0");
    this.#services = informerOf(informers, kinds.services);
    this.#slices = informerOf(informers, kinds.endpointslices, {
      indexes: { service: (slice) => [serviceKeyOf(slice)] },
    });
    this.#nodes = informerOf(informers, kinds.nodes, { fieldSelector: `metadata.name=${config.nodeName}` });
  }

  /** How often the kernel's table was brought up to date. */
  get syncCount(): number {
    return this.#syncCount;
  }

  /** Leaves the rules in the kernel when it ends, so that a restart is not noticed. */
  async run(signal: AbortSignal): Promise<void> {
    const removals = this.#watch();
    try {
      await Promise.all([this.#services, this.#slices, this.#nodes].map((informer) => informer.waitForSync(signal)));
      for (const service of this.#services.lister.list()) this.#changed.add(keyOf(service));
      await this.#loop(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const remove of removals) remove();
      await this.#health.close();
    }
  }

  #watch(): readonly (() => void)[] {
    const note = (key: string): void => {
      this.#changed.add(key);
      this.#wake();
    };
    const everything = (): void => {
      for (const service of this.#services.lister.list()) this.#changed.add(keyOf(service));
      this.#wake();
    };
    const each = <T>(key: (object: T) => string) => ({
      onAdd: (object: T) => note(key(object)),
      onUpdate: (before: T, object: T) => [key(before), key(object)].forEach(note),
      onDelete: (object: T) => note(key(object)),
    });
    return [
      this.#services.addHandler(each<Service>(keyOf)),
      this.#slices.addHandler(each<EndpointSlice>(serviceKeyOf)),
      this.#nodes.addHandler({ onAdd: everything, onUpdate: everything, onDelete: everything }),
    ];
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#platform;
    const { minSyncPeriodMs = 100, syncPeriodMs = 30_000 } = this.#options;
    let retryMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      const startedMs = clock.monotonic();
      try {
        await this.#sync();
        retryMs = RETRY_MS_MIN;
      } catch (error) {
        this.#lastFailed = true;
        this.#syncer.invalidate();
        log.error("rules for Services cannot be written", { error: messageOf(error), retryMs });
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
        continue;
      }
      const tookMs = clock.monotonic() - startedMs;
      await clock.sleep(Math.max(minSyncPeriodMs, 2 * tookMs), signal);
      const woken = this.#changed.size > 0 || (await this.#waitForChange(syncPeriodMs, signal));
      if (woken) await clock.sleep(GATHER_MS, signal);
      else if (!(await this.#nft.exists(this.#table))) this.#syncer.invalidate();
    }
  }

  async #sync(): Promise<void> {
    const zone = [...this.#nodes.lister.list()][0]?.metadata.labels?.["topology.kubernetes.io/zone"];
    if (this.#syncer.setZone(zone))
      for (const service of this.#services.lister.list()) this.#changed.add(keyOf(service));
    const keys = [...this.#changed];
    this.#changed.clear();
    for (const key of keys) {
      const service = this.#services.lister.get(key);
      const slices = this.#slices.lister.byIndex("service", key);
      const rendered = this.#syncer.set(key, service && { service, slices });
      const health = service && serviceHealth(service, rendered);
      if (health === undefined) this.#serviceHealth.delete(key);
      else this.#serviceHealth.set(key, health);
    }
    await this.#syncer.apply();
    this.#lastFailed = false;
    this.#lastSyncMs = this.#platform.clock.now();
    this.#syncCount++;
    await this.#health.sync(this.#answers());
  }

  #answers(): ReadonlyMap<number, AnswerNow> {
    const answers = new Map<number, AnswerNow>();
    for (const health of this.#serviceHealth.values()) {
      answers.set(health.port, () => healthAnswer(health, !this.#lastFailed));
    }
    if (this.#options.healthzPort !== 0) answers.set(this.#options.healthzPort, () => this.#healthz());
    return answers;
  }

  #healthz(): DiagnosticsAnswer {
    const stamp = (ms: number) => new Date(ms).toISOString();
    const nodeEligible = isEligible([...this.#nodes.lister.list()][0]);
    const body = { lastUpdated: stamp(this.#lastSyncMs), currentTime: stamp(this.#platform.clock.now()), nodeEligible };
    return {
      status: this.#lastFailed || !nodeEligible ? 503 : 200,
      contentType: "application/json",
      body: JSON.stringify(body),
    };
  }

  /** Whether something changed before the time was over. */
  #waitForChange(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        timer.cancel();
        signal.removeEventListener("abort", abort);
        this.#wake = () => {};
        act();
      };
      const timer = this.#platform.clock.after(timeoutMs, () => finish(() => resolve(false)));
      const abort = (): void => finish(() => reject(signal.reason));
      this.#wake = () => finish(() => resolve(true));
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
    });
  }

  get #table() {
    return tableOf(this.#options.config);
  }
}

/** Removes the proxy's rules, for when the node is taken down. */
export async function removeProxyRules(nft: Nft, config: ProxyConfig): Promise<void> {
  await nft.apply(removeTable(tableOf(config)));
}

function tableOf({ family, table }: ProxyConfig) {
  return { family: family === "IPv4" ? "ip" : "ip6", name: table } as const;
}

/** Load balancers should drain a node that is going away. */
function isEligible(node: Node | undefined): boolean {
  if (node === undefined) return true;
  const leaving = node.spec?.taints?.some(({ key }) => key === "ToBeDeletedByClusterAutoscaler") ?? false;
  return !leaving && node.metadata.deletionTimestamp === undefined;
}

function serviceKeyOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace ?? ""}/${metadata.labels?.["kubernetes.io/service-name"] ?? ""}`;
}
