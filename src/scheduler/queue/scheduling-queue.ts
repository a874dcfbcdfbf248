import type { Clock } from "../../base/index.ts";
import type { Pod } from "../../api/index.ts";
import type { ClusterEvent, SchedulerPlugin } from "../framework/contract.ts";
import { KeyedHeap } from "./heap.ts";

/** A pod that waits to be placed. */
export interface QueuedPod {
  readonly uid: string;
  pod: Pod;
  attempts: number;
  /** When it entered the active queue last, ms; ties of priority go to the earlier. */
  enteredMs: number;
  readonly firstSeenMs: number;
  /** Plug-ins that refused it last time; only their events wake it. */
  refusedBy: ReadonlySet<string>;
  backoffUntilMs: number;
}

export interface QueueLimits {
  /** Upstream: podInitialBackoffSeconds. */
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  /** A refused pod is tried again after this long even when no event seemed to help. */
  readonly unschedulableMs: number;
}

export const defaultQueueLimits: QueueLimits = {
  initialBackoffMs: 1_000,
  maxBackoffMs: 10_000,
  unschedulableMs: 300_000,
};

/** Told that a pod has come into a part of the queue, and why. */
export type IncomingObserver = (queue: "active" | "backoff" | "unschedulable", event: string) => void;

const priorityOf = ({ pod }: QueuedPod): number => pod.spec?.priority ?? 0;

/**
 * The pods to place, in three places: active (by priority, then age), waiting for their back-off, and refused until
 * an event that may help them. A pod that is being placed is in none; events during its cycle are remembered.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #limits: QueueLimits;
  readonly #plugins: ReadonlyMap<string, SchedulerPlugin>;
  readonly #active = new KeyedHeap<QueuedPod>(
    ({ uid }) => uid,
    (a, b) => priorityOf(a) > priorityOf(b) || (priorityOf(a) === priorityOf(b) && a.enteredMs < b.enteredMs),
  );
  readonly #backoff = new KeyedHeap<QueuedPod>(
    ({ uid }) => uid,
    (a, b) => a.backoffUntilMs < b.backoffUntilMs,
  );
  readonly #refused = new Map<string, { readonly queued: QueuedPod; readonly sinceMs: number }>();
  /** Pods in their cycle, with the events they missed; none are kept of pods that have their node. */
  readonly #inFlight = new Map<string, ClusterEvent[] | "placed">();
  readonly #incoming: IncomingObserver | undefined;

  constructor(
    clock: Clock,
    plugins: readonly SchedulerPlugin[],
    limits: QueueLimits = defaultQueueLimits,
    incoming?: IncomingObserver,
  ) {
    this.#incoming = incoming;
    this.#clock = clock;
    this.#limits = limits;
    this.#plugins = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  }

  get sizes(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    return { active: this.#active.size, backoff: this.#backoff.size, unschedulable: this.#refused.size };
  }

  /** The plug-ins that refused waiting pods, once for each pod. */
  *refusingPlugins(): Generator<string> {
    for (const { queued } of this.#refused.values()) yield* queued.refusedBy;
  }

  /** Whether a pod is waiting anywhere or in its cycle. */
  has(uid: string): boolean {
    return this.#find(uid) !== undefined || this.#inFlight.has(uid);
  }

  add(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    const nowMs = this.#clock.monotonic();
    const fresh = { attempts: 0, enteredMs: nowMs, firstSeenMs: nowMs, backoffUntilMs: 0 };
    this.#activate({ uid, pod, ...fresh, refusedBy: new Set() }, "UnscheduledPodAdd");
  }

  /** A waiting pod changed. `mayHelp` says that the change could make a refused pod fit. */
  update(pod: Pod, mayHelp: boolean): void {
    const uid = pod.metadata.uid ?? "";
    const queued = this.#find(uid);
    if (queued === undefined) return;
    queued.pod = pod;
    if (this.#active.get(uid) !== undefined) this.#active.push(queued);
    if (mayHelp && this.#refused.has(uid)) this.#wake(queued, "UnscheduledPodUpdate");
  }

  delete(uid: string): void {
    this.#active.delete(uid);
    this.#backoff.delete(uid);
    this.#refused.delete(uid);
    this.#inFlight.delete(uid);
  }

  /** The next pod to place; `undefined` when none is ready. `done` or `refuse` must follow. */
  pop(): QueuedPod | undefined {
    this.#flush();
    const queued = this.#active.pop();
    if (queued === undefined) return undefined;
    queued.attempts++;
    this.#inFlight.set(queued.uid, []);
    return queued;
  }

  /** The pod has its node, and is being bound: should that fail, it just waits its back-off. */
  placed(uid: string): void {
    if (this.#inFlight.has(uid)) this.#inFlight.set(uid, "placed");
  }

  /** The pod was bound, or is gone. */
  done(uid: string): void {
    this.#inFlight.delete(uid);
  }

  /** The pod found no node: it waits for an event of a plug-in that refused it. An error just waits its back-off. */
  refuse(queued: QueuedPod, refusedBy: ReadonlySet<string>): void {
    const missed = this.#inFlight.get(queued.uid);
    this.#inFlight.delete(queued.uid);
    if (missed === undefined) return;
    const nowMs = this.#clock.monotonic();
    queued.refusedBy = refusedBy;
    queued.backoffUntilMs = nowMs + this.#backoffMs(queued.attempts);
    if (refusedBy.size === 0 || missed === "placed" || missed.some((event) => this.#helps(queued, event))) {
      this.#backoff.push(queued);
      this.#incoming?.("backoff", "ScheduleAttemptFailure");
      return;
    }
    this.#incoming?.("unschedulable", "ScheduleAttemptFailure");
    this.#refused.set(queued.uid, { queued, sinceMs: nowMs });
  }

  /** Something changed in the cluster; pods that it may help move on. Returns whether any did. */
  notice(event: ClusterEvent): boolean {
    for (const missed of this.#inFlight.values()) if (missed !== "placed") missed.push(event);
    let woken = false;
    for (const { queued } of [...this.#refused.values()]) {
      if (!this.#helps(queued, event)) continue;
      this.#wake(queued, event.kind);
      woken = true;
    }
    return woken;
  }

  /** Wakes a pod at once, without back-off (its gates were lifted, its victims are gone). */
  activate(uid: string): void {
    const queued = this.#find(uid);
    if (queued === undefined || this.#active.get(uid) !== undefined) return;
    this.#backoff.delete(uid);
    this.#refused.delete(uid);
    this.#activate(queued, "ForceActivate");
  }

  /** How long until `pop` may have something, ms; `undefined` when only an event can help. */
  nextReadyMs(): number | undefined {
    if (this.#active.size > 0) return 0;
    const nowMs = this.#clock.monotonic();
    const times = [];
    const first = this.#backoff.peek();
    if (first !== undefined) times.push(first.backoffUntilMs - nowMs);
    const oldest = this.#refused.values().next();
    if (!oldest.done) times.push(oldest.value.sinceMs + this.#limits.unschedulableMs - nowMs);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times));
  }

  #find(uid: string): QueuedPod | undefined {
    return this.#active.get(uid) ?? this.#backoff.get(uid) ?? this.#refused.get(uid)?.queued;
  }

  #wake(queued: QueuedPod, event: string): void {
    this.#refused.delete(queued.uid);
    if (queued.backoffUntilMs <= this.#clock.monotonic()) return this.#activate(queued, event);
    this.#backoff.push(queued);
    this.#incoming?.("backoff", event);
  }

  #activate(queued: QueuedPod, event: string): void {
    this.#incoming?.("active", event);
    queued.enteredMs = this.#clock.monotonic();
    this.#active.push(queued);
  }

  #flush(): void {
    const nowMs = this.#clock.monotonic();
    for (
      let first = this.#backoff.peek();
      first !== undefined && first.backoffUntilMs <= nowMs;
      first = this.#backoff.peek()
    ) {
      this.#backoff.pop();
      this.#activate(first, "BackoffComplete");
    }
    for (const { queued, sinceMs } of this.#refused.values()) {
      if (sinceMs + this.#limits.unschedulableMs > nowMs) break;
      this.#wake(queued, "UnschedulableTimeout");
    }
  }

  #backoffMs(attempts: number): number {
    return Math.min(this.#limits.initialBackoffMs * 2 ** Math.min(attempts - 1, 30), this.#limits.maxBackoffMs);
  }

  #helps(queued: QueuedPod, event: ClusterEvent): boolean {
    for (const name of queued.refusedBy) {
      const plugin = this.#plugins.get(name);
      if (plugin === undefined) return true;
      if (plugin.events.includes(event.kind) && (plugin.mayHelp?.(queued.pod, event) ?? true)) return true;
    }
    return false;
  }
}
