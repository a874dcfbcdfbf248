import type { Clock } from "../../base/index.ts";
import { containerTarget, type EventSink } from "../events.ts";
import { Backoff } from "../runtime/backoff.ts";
import { containerHash } from "../runtime/container-hash.ts";
import { allContainers } from "../runtime/sandbox-config.ts";
import type { RuntimeContainer, RuntimePod } from "../runtime/view.ts";
import type { WaitReason } from "../status/container-statuses.ts";
import { goDuration } from "../time.ts";
import type { Container, Pod } from "../types.ts";
import { describePod, podUid } from "./names.ts";

/** Makes containers that keep ending wait before they are started again. */
export class RestartBackoff {
  readonly #clock: Clock;
  readonly #events: EventSink;
  readonly #backoff = new Backoff();

  constructor(clock: Clock, events: EventSink) {
    this.#clock = clock;
    this.#events = events;
  }

  /** Why the container may not be started yet; `undefined` when it may. */
  waiting(pod: Pod, view: RuntimePod, name: string): WaitReason | undefined {
    const container = allContainers(pod).find((one) => one.name === name);
    if (container === undefined || this.#remainingMs(pod, container, view) === 0) return undefined;
    const said = `Back-off restarting failed container ${name} in pod ${describePod(pod)}`;
    this.#events.event(containerTarget(pod, name), "Warning", "BackOff", said);
    const delay = goDuration(this.#backoff.delayMs(keyOf(pod, container)));
    return {
      reason: "CrashLoopBackOff",
      message: `back-off ${delay} restarting failed container=${name} pod=${describePod(pod)}`,
    };
  }

  /** Milliseconds until the first of these may be started; `undefined` when none has to wait. */
  wakeMs(pod: Pod, view: RuntimePod, names: readonly string[]): number | undefined {
    const waits = allContainers(pod)
      .filter((container) => names.includes(container.name))
      .map((container) => this.#remainingMs(pod, container, view))
      .filter((remainingMs) => remainingMs > 0);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** The container is started again after it ended. */
  note(pod: Pod, container: Container, view: RuntimePod): void {
    const last = lastEnded(view, container.name);
    if (last !== undefined) this.#backoff.note(keyOf(pod, container), endedMs(last), this.#clock.now());
  }

  forget(uid: string): void {
    this.#backoff.forgetPrefix(`${uid}_`);
  }

  #remainingMs(pod: Pod, container: Container, view: RuntimePod): number {
    const last = lastEnded(view, container.name);
    if (last === undefined) return 0;
    return this.#backoff.remainingMs(keyOf(pod, container), endedMs(last), this.#clock.now());
  }
}

/** Not always the latest: one that is killed to be started again still runs, and waits by the one before it. */
function lastEnded(view: RuntimePod, name: string): RuntimeContainer | undefined {
  return view.containers.find((container) => container.name === name && container.state === "exited");
}

function endedMs(container: RuntimeContainer): number {
  return container.finishedAtMs ?? container.createdAtMs;
}

/** A changed definition starts over. */
function keyOf(pod: Pod, container: Container): string {
  return `${podUid(pod)}_${container.name}_${containerHash(container)}`;
}
