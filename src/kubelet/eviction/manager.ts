import { type Clock, type Disk, isAbort, type Log, messageOf } from "../../base/index.ts";
import { type EventSink, type EventTarget, podTarget } from "../events.ts";
import { podUid } from "../pods/names.ts";
import type { StatsCollector } from "../stats/collector.ts";
import type { Pod } from "../types.ts";
import { rankForMemory } from "./ranking.ts";
import { type Crossed, crossed, type Observations, type Pressure } from "./thresholds.ts";

export interface EvictionOptions {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  readonly events: EventSink;
  readonly nodeTarget: EventTarget;
  readonly stats: StatsCollector;
  readonly hard: Readonly<Record<string, string>>;
  readonly rootDirectory: string;
  readonly pidMax: number;
  readonly pressureTransitionMs: number;
  /** Ends the pod at once, with this as its status. */
  readonly evict: (pod: Pod, failure: { readonly reason: string; readonly message: string }) => void;
  readonly isActive: (uid: string) => boolean;
  /** Frees what can be freed without ending a pod. */
  readonly reclaimDisk: (signal: AbortSignal) => Promise<void>;
  /** The node's conditions changed. */
  readonly onPressure: () => void;
}

const periodMs = 10_000;
const retryMs = 1_000;

/** Watches memory, disks and process ids; under pressure ends pods, one at a time, the least deserving first. */
export class EvictionManager {
  readonly #options: EvictionOptions;
  readonly #lastMs = new Map<Pressure, number>();

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  /** Pressure lasts a while after it was last seen, so that the node does not flap. */
  pressure(): Readonly<Record<Pressure, boolean>> {
    const nowMs = this.#options.clock.monotonic();
    const lasts = (kind: Pressure): boolean => {
      const seenMs = this.#lastMs.get(kind);
      return seenMs !== undefined && nowMs - seenMs < this.#options.pressureTransitionMs;
    };
    return { memory: lasts("memory"), disk: lasts("disk"), pid: lasts("pid") };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      let waitMs = periodMs;
      try {
        if (await this.check(signal)) waitMs = retryMs;
      } catch (error) {
        if (isAbort(error, signal) || signal.aborted) return;
        log.warn("The node's resources could not be looked at", { error: messageOf(error) });
      }
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }

  /** Returns whether a pod was evicted. */
  async check(signal: AbortSignal): Promise<boolean> {
    const found = crossed(this.#options.hard, await this.#observe());
    const before = JSON.stringify(this.pressure());
    for (const { pressure } of found) this.#lastMs.set(pressure, this.#options.clock.monotonic());
    if (JSON.stringify(this.pressure()) !== before) this.#options.onPressure();
    const [first] = found;
    if (first === undefined) return false;
    if (first.pressure === "disk") {
      await this.#options.reclaimDisk(signal);
      const again = crossed(this.#options.hard, await this.#observe());
      if (!again.some((one) => one.signal === first.signal)) return false;
    }
    return this.#evictOne(first);
  }

  async #observe(): Promise<Observations> {
    const { stats, disk, rootDirectory, pidMax } = this.#options;
    const [node, capacity, loadavg] = await Promise.all([
      stats.node(),
      disk.capacity(rootDirectory),
      disk.readText("/proc/loadavg").catch(() => ""),
    ]);
    const processes = Number(/\d+\/(\d+)/.exec(loadavg)?.[1] ?? 0);
    const nodefs = { available: capacity.freeBytes, capacity: capacity.totalBytes };
    return {
      "memory.available": { available: node.availableBytes, capacity: node.memoryTotalBytes },
      "nodefs.available": nodefs,
      "imagefs.available": nodefs,
      "nodefs.inodesFree": { available: capacity.freeInodes, capacity: capacity.totalInodes },
      "pid.available": { available: pidMax - processes, capacity: pidMax },
    };
  }

  async #evictOne(cause: Crossed): Promise<boolean> {
    const { stats, events, log, evict, isActive } = this.#options;
    events.event(
      this.#options.nodeTarget,
      "Warning",
      "EvictionThresholdMet",
      `Attempting to reclaim ${cause.resource}`,
    );
    const samples = await stats.pods();
    const candidates = samples
      .filter(({ pod }) => isActive(podUid(pod)) && !pod.metadata.deletionTimestamp)
      .map(({ pod, usage }) => ({ pod, usage: usage?.workingSetBytes ?? 0 }));
    const victim = rankForMemory(candidates)[0];
    if (victim === undefined) return false;
    const message = `The node was low on resource: ${cause.resource}. Threshold quantity: ${Math.round(cause.limit)}, available: ${quantityText(cause.available)}. `;
    log.warn("A pod is evicted", { pod: victim.pod.metadata.name, signal: cause.signal });
    events.event(podTarget(victim.pod), "Warning", "Evicted", message);
    evict(victim.pod, { reason: "Evicted", message });
    return true;
  }
}

function quantityText(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}
