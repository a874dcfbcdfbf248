import { type Log, messageOf, type Processes } from "../base/index.ts";
import { diffTables, type Enter, type Nft, replaceTable, type Table } from "../network/index.ts";
import type { ProxyConfig } from "./config.ts";
import { forgetFlows } from "./conntrack/forget.ts";
import { type StaleFlows, staleFlows } from "./conntrack/stale.ts";
import { type RenderedPort, renderService, renderTable, type ServiceInput } from "./rules/render.ts";

export interface SyncerOptions {
  readonly config: ProxyConfig;
  readonly nft: Nft;
  readonly processes: Processes;
  readonly log: Log;
  readonly enter?: Enter;
}

/** Keeps one kernel table equal to what the Services ask for. Calls must not overlap. */
export class Syncer {
  readonly #options: SyncerOptions;
  readonly #services = new Map<string, readonly RenderedPort[]>();
  #stale: StaleFlows[] = [];
  /** What the kernel holds; `undefined` when that is not known. */
  #applied: Table | undefined;
  #zone: string | undefined;
  #serviceRanges: readonly string[] = [];

  constructor(options: SyncerOptions) {
    this.#options = options;
  }

  /** The zone that hints are compared with. The caller must set all Services again when this returns true. */
  setZone(zone: string | undefined): boolean {
    const changed = zone !== this.#zone;
    this.#zone = zone;
    return changed;
  }

  /** The ranges that cluster IPs are from. Takes effect with the next `apply`. */
  setServiceRanges(ranges: readonly string[]): void {
    this.#serviceRanges = ranges;
  }

  /** Takes a Service in, or out when `input` is `undefined`. Takes effect with the next `apply`. */
  set(key: string, input: ServiceInput | undefined): readonly RenderedPort[] {
    const before = this.#services.get(key) ?? [];
    const after = input === undefined ? [] : renderService(input, this.#options.config, this.#zone);
    if (after.length === 0) this.#services.delete(key);
    else this.#services.set(key, after);
    this.#stale.push(...staleFlows(before, after));
    return after;
  }

  /** Forgets what the kernel was left with, so that the next `apply` writes the whole table. */
  invalidate(): void {
    this.#applied = undefined;
  }

  /** Writes what changed, or everything when the kernel's state is not known. Rejects when the kernel refuses it. */
  async apply(): Promise<void> {
    const { config, nft } = this.#options;
    const wanted = renderTable(config, this.#services.values(), this.#serviceRanges);
    const batch = this.#applied === undefined ? replaceTable(wanted) : diffTables(this.#applied, wanted);
    this.#applied = undefined;
    await nft.apply(batch);
    this.#applied = wanted;
    await this.#forgetStale();
  }

  async #forgetStale(): Promise<void> {
    const { processes, enter = [], log } = this.#options;
    const stale = this.#stale;
    this.#stale = [];
    if (stale.length === 0) return;
    try {
      await forgetFlows(processes, enter, stale);
    } catch (error) {
      log.warn("stale UDP flows could not be deleted", { error: messageOf(error) });
    }
  }
}
