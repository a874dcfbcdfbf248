import { type Clock, type Log, messageOf, type Timer } from "../../base/index.ts";
import type { Pod } from "../types.ts";
import { describePod, podUid } from "./names.ts";
import type { SyncResult } from "./syncer.ts";
import {
  type Effect,
  type Input,
  initialState,
  type Operation,
  resume,
  step,
  type WorkerState,
} from "./worker-state.ts";

/** What a worker has done for it; `PodSyncer` in production. */
export interface PodOperations {
  sync(pod: Pod, signal: AbortSignal): Promise<SyncResult>;
  terminate(pod: Pod, gracePeriodSeconds: number | undefined, signal: AbortSignal): Promise<void>;
  clean(pod: Pod): Promise<void>;
}

export interface PodWorkersOptions {
  readonly operations: PodOperations;
  readonly clock: Clock;
  readonly log: Log;
  /** The pod has left this node altogether. */
  readonly onForgotten: (pod: Pod) => void;
}

interface Worker {
  pod: Pod;
  state: WorkerState;
  controller: AbortController | undefined;
  timer: Timer | undefined;
}

/** Runs the state machine of each pod: takes inputs, carries out effects, one operation at a time for each pod. */
export class PodWorkers {
  readonly #options: PodWorkersOptions;
  readonly #workers = new Map<string, Worker>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: PodWorkersOptions) {
    this.#options = options;
  }

  /** A new pod, or a new version of one. */
  update(pod: Pod): void {
    const uid = podUid(pod);
    const worker = this.#workers.get(uid) ?? this.#enter(uid, pod);
    worker.pod = pod;
    if (pod.metadata.deletionTimestamp) {
      const gracePeriodSeconds =
        pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
      if (worker.state.phase === "syncing" || worker.state.phase === "terminating") {
        return this.#take(worker, { type: "terminate", gracePeriodSeconds });
      }
      // It had ended before it was deleted: all that is left is to say so.
      if (worker.state.phase === "finished") this.#clean(worker);
      return;
    }
    this.#take(worker, { type: "changed" });
  }

  /** The pod is gone from its source. */
  remove(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    const { deletionGracePeriodSeconds } = worker.pod.metadata;
    const gracePeriodSeconds = deletionGracePeriodSeconds ?? worker.pod.spec?.terminationGracePeriodSeconds ?? 30;
    this.#take(worker, { type: "removed", gracePeriodSeconds: Math.max(1, gracePeriodSeconds) });
  }

  /** Something happened that the pod's worker should look at. */
  poke(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker !== undefined) this.#take(worker, { type: "changed" });
  }

  pokeAll(): void {
    for (const uid of this.#workers.keys()) this.poke(uid);
  }

  /** Ends a pod for the node's own reasons. */
  terminate(uid: string, gracePeriodSeconds: number): void {
    const worker = this.#workers.get(uid);
    if (worker !== undefined) this.#take(worker, { type: "terminate", gracePeriodSeconds });
  }

  has(uid: string): boolean {
    return this.#workers.has(uid);
  }

  pod(uid: string): Pod | undefined {
    return this.#workers.get(uid)?.pod;
  }

  pods(): Pod[] {
    return [...this.#workers.values()].map((worker) => worker.pod);
  }

  /** Pods that have not ended yet. */
  active(): Pod[] {
    return [...this.#workers.values()]
      .filter((worker) => worker.state.phase === "syncing" || worker.state.phase === "terminating")
      .map((worker) => worker.pod);
  }

  /** Stops working. Nothing that runs in the runtime is touched. */
  async close(): Promise<void> {
    this.#stopped = true;
    for (const worker of this.#workers.values()) {
      worker.timer?.cancel();
      worker.controller?.abort();
    }
    await Promise.allSettled(this.#running);
  }

  #enter(uid: string, pod: Pod): Worker {
    const worker: Worker = { pod, state: initialState, controller: undefined, timer: undefined };
    this.#workers.set(uid, worker);
    return worker;
  }

  #take(worker: Worker, input: Input): void {
    if (this.#stopped) return;
    const { state, effects } = step(worker.state, input);
    this.#advance(worker, state, effects);
  }

  #advance(worker: Worker, state: WorkerState, effects: readonly Effect[]): void {
    worker.state = state;
    for (const effect of effects) this.#carryOut(worker, effect);
  }

  #carryOut(worker: Worker, effect: Effect): void {
    switch (effect.type) {
      case "run":
        worker.timer?.cancel();
        return this.#start(worker, effect.operation, effect.gracePeriodSeconds);
      case "interrupt":
        return worker.controller?.abort();
      case "wake":
        worker.timer?.cancel();
        worker.timer = this.#options.clock.after(Math.max(0, effect.afterMs), () => this.#wake(worker));
        return;
      case "forget":
        worker.timer?.cancel();
        this.#workers.delete(podUid(worker.pod));
        return this.#options.onForgotten(worker.pod);
    }
  }

  #wake(worker: Worker): void {
    if (this.#stopped) return;
    const { state, effects } = resume(worker.state);
    this.#advance(worker, state, effects);
  }

  #start(worker: Worker, operation: Operation, gracePeriodSeconds: number | undefined): void {
    const controller = new AbortController();
    worker.controller = controller;
    const running: Promise<void> = this.#run(worker, operation, gracePeriodSeconds, controller.signal).then((ended) => {
      this.#running.delete(running);
      worker.controller = undefined;
      this.#take(worker, ended);
    });
    this.#running.add(running);
  }

  async #run(
    worker: Worker,
    operation: Operation,
    gracePeriodSeconds: number | undefined,
    signal: AbortSignal,
  ): Promise<Input> {
    const { operations, log } = this.#options;
    try {
      if (operation === "terminate") await operations.terminate(worker.pod, gracePeriodSeconds, signal);
      else if (operation === "clean") await operations.clean(worker.pod);
      else return { type: "ended", operation, failed: false, ...(await operations.sync(worker.pod, signal)) };
      return { type: "ended", operation, failed: false };
    } catch (error) {
      if (!signal.aborted)
        log.warn("A pod operation failed", { pod: describePod(worker.pod), operation, error: messageOf(error) });
      return { type: "ended", operation, failed: true };
    }
  }

  #clean(worker: Worker): void {
    const running: Promise<void> = this.#options.operations
      .clean(worker.pod)
      .catch((error: unknown) =>
        this.#options.log.warn("A pod could not be cleaned up", {
          pod: describePod(worker.pod),
          error: messageOf(error),
        }),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
