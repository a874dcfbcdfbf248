import { type Clock, isAbort, type Log, messageOf } from "../base/index.ts";
import type { CgroupManager } from "./cgroups/manager.ts";
import type { PodWorkers } from "./pods/workers.ts";
import type { Collector } from "./runtime/collector.ts";
import type { Inspector, ListedPod } from "./runtime/inspector.ts";
import type { Killer } from "./runtime/killer.ts";
import type { VolumeManager } from "./volumes/manager.ts";

export interface HousekeeperOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly workers: PodWorkers;
  readonly collector: Collector;
  readonly killer: Killer;
  readonly inspector: Inspector;
  readonly cgroups: CgroupManager;
  readonly volumes: VolumeManager;
  /** All sources of pods have been read. Before that nothing is an orphan. */
  readonly synced: () => boolean;
  readonly syncMs: number;
}

/** Takes care of what no pod asks for: pods that vanished while nobody looked, dead containers, periodic syncs. */
export class Housekeeper {
  readonly #options: HousekeeperOptions;
  readonly #busy = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  readonly #controller = new AbortController();

  constructor(options: HousekeeperOptions) {
    this.#options = options;
  }

  /** What the runtime holds: whatever belongs to no pod is stopped and removed. */
  observe(listed: ReadonlyMap<string, ListedPod>): void {
    if (!this.#options.synced() || this.#controller.signal.aborted) return;
    for (const [uid, pod] of listed) {
      const { workers, collector } = this.#options;
      if (workers.has(uid) || collector.isCollecting(uid) || this.#busy.has(uid)) continue;
      this.#busy.add(uid);
      const work: Promise<void> = this.#removeOrphan(pod)
        .catch((error: unknown) =>
          this.#options.log.warn("An orphaned pod could not be removed", { uid, error: messageOf(error) }),
        )
        .finally(() => {
          this.#busy.delete(uid);
          this.#running.delete(work);
        });
      this.#running.add(work);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, workers, collector, log, syncMs } = this.#options;
    signal.addEventListener("abort", () => this.#controller.abort(signal.reason), { once: true });
    while (!signal.aborted) {
      try {
        await clock.sleep(syncMs, signal);
        workers.pokeAll();
        await collector.collectDead();
        await this.#removeLeftovers();
      } catch (error) {
        if (isAbort(error, signal) || signal.aborted) break;
        log.warn("Housekeeping failed", { error: messageOf(error) });
      }
    }
    await Promise.allSettled(this.#running);
  }

  /** Directories and cgroups of pods that have left both the API and the runtime while nobody looked. */
  async #removeLeftovers(): Promise<void> {
    const { collector, cgroups, volumes, workers, inspector, synced } = this.#options;
    if (!synced()) return;
    const listed = await inspector.list();
    const uids = new Set([...(await collector.orphanDirectories()), ...(await cgroups.podUids())]);
    for (const uid of uids) {
      if (workers.has(uid) || listed.has(uid) || collector.isCollecting(uid) || this.#busy.has(uid)) continue;
      await volumes.tearDown(uid);
      await collector.removeDirectory(uid);
      await cgroups.removeUid(uid);
    }
  }

  async #removeOrphan(pod: ListedPod): Promise<void> {
    const { inspector, killer, collector, cgroups, volumes, log } = this.#options;
    const { signal } = this.#controller;
    if (pod.alive)
      log.info("A pod that nobody wants is stopped", { pod: pod.name, namespace: pod.namespace, uid: pod.uid });
    const view = await inspector.inspect(pod, signal);
    await killer.killPod(undefined, view, undefined, signal);
    await volumes.tearDown(pod.uid);
    await collector.collectUnknown(pod.uid, pod.name, pod.namespace);
    await cgroups.removeUid(pod.uid);
    inspector.forget(pod.uid);
  }
}
