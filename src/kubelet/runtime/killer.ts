import { type Clock, isAbort, type Log, messageOf, type Network } from "../../base/index.ts";
import { isCriError, type RuntimeService } from "../../cri/index.ts";
import { containerTarget, type EventSink } from "../events.ts";
import { type HandlerDependencies, runHook } from "../probes/handler.ts";
import type { Container, Pod } from "../types.ts";
import type { KillReason } from "./actions.ts";
import { isRestartableInit } from "./restart-policy.ts";
import { allContainers } from "./sandbox-config.ts";
import { mayRun, type RuntimeContainer, type RuntimePod } from "./view.ts";

export interface KillerOptions {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly network: Network;
  readonly log: Log;
  readonly events: EventSink;
}

/** Upstream gives every container at least this long after its preStop hook. */
const graceMinSeconds = 2;
/** How much longer than the grace period the runtime may take. */
const stopMarginMs = 120_000;

export interface KillRequest {
  readonly container: RuntimeContainer;
  readonly message: string;
  readonly reason?: KillReason;
  /** Seconds; overrules what the pod says. */
  readonly gracePeriodSeconds?: number;
}

/** Stops containers and sandboxes, in order and with grace. */
export class Killer {
  readonly #options: KillerOptions;

  constructor(options: KillerOptions) {
    this.#options = options;
  }

  /**
   * Stops everything of a pod: regular containers together, then sidecars, the last started first; then the sandboxes.
   * `pod` is undefined for what is left over from a pod nobody knows any more.
   */
  async killPod(
    pod: Pod | undefined,
    view: RuntimePod,
    gracePeriodSeconds: number | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const running = view.containers.filter(mayRun);
    const order = pod === undefined ? [] : sidecarNames(pod);
    const regular = running.filter((container) => !order.includes(container.name));
    const graceSeconds = gracePeriodSeconds ?? graceOf(pod);
    const startedMs = clock.monotonic();
    const kill = (container: RuntimeContainer, seconds: number | undefined): Promise<void> =>
      this.killContainer(
        pod,
        view,
        { container, message: `Stopping container ${container.name}`, gracePeriodSeconds: seconds },
        signal,
      );
    await all(regular.map((container) => kill(container, gracePeriodSeconds)));
    for (const name of order.reverse()) {
      const leftSeconds = graceSeconds - (clock.monotonic() - startedMs) / 1000;
      const seconds = graceSeconds === 0 ? 0 : Math.max(graceMinSeconds, Math.ceil(leftSeconds));
      await all(running.filter((container) => container.name === name).map((container) => kill(container, seconds)));
    }
    await this.stopSandboxes(view, signal);
  }

  async stopSandboxes(view: RuntimePod, signal: AbortSignal): Promise<void> {
    await all(view.sandboxes.map((sandbox) => this.#stopSandbox(sandbox.id, signal)));
  }

  async killContainer(
    pod: Pod | undefined,
    view: RuntimePod,
    request: KillRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const { container } = request;
    const spec = pod === undefined ? undefined : allContainers(pod).find((one) => one.name === container.name);
    let seconds = request.gracePeriodSeconds ?? graceFor(pod, spec, request.reason);
    if (pod !== undefined)
      this.#options.events.event(containerTarget(pod, container.name), "Normal", "Killing", request.message);
    if (spec?.lifecycle?.preStop !== undefined && seconds > 0 && pod !== undefined && container.state === "running") {
      const usedMs = await this.#preStop(pod, spec, view, container, seconds, signal);
      seconds = Math.max(graceMinSeconds, Math.floor(seconds - usedMs / 1000));
    }
    await this.#stop(container.id, seconds, signal);
  }

  async #stop(containerId: string, seconds: number, signal: AbortSignal): Promise<void> {
    try {
      const timeoutMs = seconds * 1000 + stopMarginMs;
      await this.#options.runtime.stopContainer({ containerId, timeout: seconds }, { signal, timeoutMs });
    } catch (error) {
      signal.throwIfAborted();
      if (!isCriError(error, "NotFound")) throw error;
    }
  }

  async #stopSandbox(podSandboxId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.runtime.stopPodSandbox({ podSandboxId }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isCriError(error, "NotFound")) throw error;
    }
  }

  /** Returns how long the hook took, in milliseconds: at most the grace period. */
  async #preStop(
    pod: Pod,
    spec: Container,
    view: RuntimePod,
    container: RuntimeContainer,
    seconds: number,
    signal: AbortSignal,
  ): Promise<number> {
    const { clock, network, runtime, events, log } = this.#options;
    const hook = spec.lifecycle?.preStop;
    if (hook === undefined) return 0;
    const startedMs = clock.monotonic();
    const limit = new AbortController();
    const timer = clock.after(seconds * 1000, () => limit.abort());
    const deps: HandlerDependencies = { clock, network, runtime };
    const target = { container: spec, containerId: container.id, podIp: view.sandboxes[0]?.ips[0] ?? "" };
    try {
      await runHook(deps, hook, target, AbortSignal.any([signal, limit.signal]));
    } catch (error) {
      signal.throwIfAborted();
      if (isAbort(error) && limit.signal.aborted) {
        log.warn("A preStop hook did not end within the grace period", {
          pod: pod.metadata.name,
          container: spec.name,
        });
      } else {
        log.warn("A preStop hook failed", { pod: pod.metadata.name, container: spec.name, error: messageOf(error) });
        events.event(containerTarget(pod, spec.name), "Warning", "FailedPreStopHook", "PreStopHook failed");
      }
    } finally {
      timer.cancel();
    }
    return clock.monotonic() - startedMs;
  }
}

/** In the order they start. */
function sidecarNames(pod: Pod): string[] {
  return (pod.spec?.initContainers ?? []).filter(isRestartableInit).map((container) => container.name);
}

function graceOf(pod: Pod | undefined): number {
  return pod?.metadata.deletionGracePeriodSeconds ?? pod?.spec?.terminationGracePeriodSeconds ?? 30;
}

/** A probe may set its own grace period for the restart it causes. */
function graceFor(pod: Pod | undefined, spec: Container | undefined, reason: KillReason | undefined): number {
  const own =
    reason === "LivenessProbe"
      ? spec?.livenessProbe?.terminationGracePeriodSeconds
      : reason === "StartupProbe"
        ? spec?.startupProbe?.terminationGracePeriodSeconds
        : undefined;
  return own ?? graceOf(pod);
}

/** Waits for all, then fails with the first failure. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(work);
  for (const outcome of settled) if (outcome.status === "rejected") throw outcome.reason;
}
