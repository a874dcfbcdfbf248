import type { EndpointSlice, Node, Service, ServiceCIDR } from "../api/index.ts";
import type { Clock } from "../base/index.ts";
import { type Informer, type InformerFactory, informerOf, keyOf, kinds } from "../client/index.ts";
import type { ProxyMetrics } from "./metrics.ts";
import type { ServiceInput } from "./rules/render.ts";

const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

/** What the API says, and which Services it says something new about. */
export class Changes {
  readonly #clock: Clock;
  readonly #metrics: ProxyMetrics | undefined;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #nodes: Informer<Node>;
  readonly #serviceCidrs: Informer<ServiceCIDR>;
  readonly #changed = new Set<string>();
  /** When what is not yet on this node was triggered, by Service. */
  readonly #triggers = new Map<string, number>();
  #wake: () => void = () => {};

  constructor(
    platform: { readonly clock: Clock },
    informers: InformerFactory,
    nodeName: string,
    metrics?: ProxyMetrics,
  ) {
    this.#clock = platform.clock;
    this.#metrics = metrics;
    this.#services = informerOf(informers, kinds.services);
    this.#slices = informerOf(informers, kinds.endpointslices, {
      indexes: { service: (slice) => [serviceKeyOf(slice)] },
    });
    this.#nodes = informerOf(informers, kinds.nodes, { fieldSelector: `metadata.name=${nodeName}` });
    this.#serviceCidrs = informerOf(informers, kinds.servicecidrs);
  }

  /** The node that the proxy runs on, once it is registered. */
  get node(): Node | undefined {
    return [...this.#nodes.lister.list()][0];
  }

  /** The ranges of all ServiceCIDRs, sorted. Nobody waits for them: servers before 1.31 do not have the kind. */
  get serviceRanges(): readonly string[] {
    const ranges = [...this.#serviceCidrs.lister.list()].flatMap(({ spec }) => spec?.cidrs ?? []);
    return [...new Set(ranges)].sort();
  }

  get pending(): boolean {
    return this.#changed.size > 0;
  }

  /** Notes changes until the returned function is called. */
  watch(): () => void {
    const noteAll = () => this.noteAll();
    const removals = [
      this.#services.addHandler({
        onAdd: (service) => this.#noteService(service),
        onUpdate: (_, service) => this.#noteService(service),
        onDelete: (service) => this.#noteService(service),
      }),
      this.#slices.addHandler({
        onAdd: (slice, isInInitialList) => this.#noteSlice(slice, !isInInitialList),
        onUpdate: (before, slice) => {
          this.#noteSlice(before, false);
          this.#noteSlice(slice, true);
        },
        onDelete: (slice) => this.#noteSlice(slice, false),
      }),
      this.#nodes.addHandler({ onAdd: noteAll, onUpdate: noteAll, onDelete: noteAll }),
      this.#serviceCidrs.addHandler({ onAdd: noteAll, onUpdate: noteAll, onDelete: noteAll }),
    ];
    return () => {
      for (const remove of removals) remove();
    };
  }

  async waitForSync(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#services, this.#slices, this.#nodes].map((informer) => informer.waitForSync(signal)));
    this.noteAll();
  }

  noteAll(): void {
    for (const service of this.#services.lister.list()) this.#changed.add(keyOf(service));
    this.#wake();
  }

  /** Takes the keys that changed since the last call. */
  take(): readonly string[] {
    const keys = [...this.#changed];
    this.#changed.clear();
    return keys;
  }

  /** Takes when the changes of these Services were triggered. */
  takeTriggers(): readonly number[] {
    const times = [...this.#triggers.values()];
    this.#triggers.clear();
    return times;
  }

  get(key: string): ServiceInput | undefined {
    const service = this.#services.lister.get(key);
    return service && { service, slices: this.#slices.lister.byIndex("service", key) };
  }

  /** Resolves with whether something changed before the time was over; rejects when the signal aborts. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.pending) return true;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    try {
      await this.#clock.sleep(timeoutMs, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      this.#wake = () => {};
    }
    return woken.signal.aborted;
  }

  #noteService(service: Service): void {
    this.#metrics?.serviceChanges.increment();
    this.#note(keyOf(service));
  }

  #noteSlice(slice: EndpointSlice, isNews: boolean): void {
    const key = serviceKeyOf(slice);
    const triggered = Date.parse(slice.metadata.annotations?.[TRIGGER_TIME] ?? "");
    if (isNews && !Number.isNaN(triggered)) {
      this.#triggers.set(key, Math.min(triggered, this.#triggers.get(key) ?? triggered));
    }
    this.#metrics?.endpointChanges.increment();
    this.#note(key);
  }

  #note(key: string): void {
    this.#changed.add(key);
    this.#metrics?.lastQueued.set(this.#clock.now() / 1_000);
    this.#wake();
  }
}

function serviceKeyOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace ?? ""}/${metadata.labels?.["kubernetes.io/service-name"] ?? ""}`;
}
