import { type Clock, isAbort, type Log, messageOf, type Random } from "../../base/index.ts";
import { containerTarget, type EventSink } from "../events.ts";
import { podUid } from "../pods/names.ts";
import { isRestartableInit } from "../runtime/restart-policy.ts";
import { latest, type RuntimeContainer, type RuntimePod } from "../runtime/view.ts";
import type { Container, Pod, Probe } from "../types.ts";
import { type HandlerDependencies, runProbe } from "./handler.ts";
import type { ProbeOutcome } from "./outcome.ts";
import { initialProbeState, type ProbeKind, type ProbeState, probeStep, type Verdict } from "./probe-state.ts";

export interface ProbeManagerOptions extends HandlerDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: EventSink;
  /** A verdict changed that the pod's worker has to act on or report. */
  readonly onChange: (uid: string) => void;
}

interface Worker {
  readonly kind: ProbeKind;
  readonly containerId: string;
  readonly controller: AbortController;
  pod: Pod;
  podIp: string;
  state: ProbeState;
}

const kinds: readonly (readonly [ProbeKind, (container: Container) => Probe | undefined])[] = [
  ["startup", (container) => container.startupProbe],
  ["liveness", (container) => container.livenessProbe],
  ["readiness", (container) => container.readinessProbe],
];
const attempts = 3;

/** Probes the running containers of all pods: one loop for each probe, from the start of a container to its end. */
export class ProbeManager {
  readonly #options: ProbeManagerOptions;
  /** By pod uid, then by kind and container id. */
  readonly #workers = new Map<string, Map<string, Worker>>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
  }

  /** Starts and stops probing by what runs. */
  update(pod: Pod, view: RuntimePod): void {
    const uid = podUid(pod);
    const workers = this.#workers.get(uid) ?? new Map<string, Worker>();
    const wanted = new Set<string>();
    for (const [container, status] of probed(pod, view)) {
      for (const [kind, probeOf] of kinds) {
        const probe = probeOf(container);
        if (probe === undefined) continue;
        const key = `${kind} ${status.id}`;
        wanted.add(key);
        const podIp = view.sandboxes[0]?.ips[0] ?? pod.status?.podIP ?? "";
        const known = workers.get(key);
        if (known !== undefined) Object.assign(known, { pod, podIp });
        else workers.set(key, this.#start(pod, container, status, kind, probe, podIp));
      }
    }
    for (const [key, worker] of workers) {
      if (wanted.has(key)) continue;
      worker.controller.abort();
      workers.delete(key);
    }
    if (workers.size > 0) this.#workers.set(uid, workers);
    else this.#workers.delete(uid);
  }

  /** Ends the probing of liveness and startup: the pod is stopping. Readiness goes on until its containers end. */
  stopRestarting(uid: string): void {
    for (const [key, worker] of this.#workers.get(uid) ?? []) {
      if (worker.kind === "readiness") continue;
      worker.controller.abort();
      this.#workers.get(uid)?.delete(key);
    }
  }

  forget(uid: string): void {
    for (const worker of this.#workers.get(uid)?.values() ?? []) worker.controller.abort();
    this.#workers.delete(uid);
  }

  verdict(uid: string, kind: ProbeKind, containerId: string): Verdict | undefined {
    return this.#workers.get(uid)?.get(`${kind} ${containerId}`)?.state.result;
  }

  async close(): Promise<void> {
    for (const uid of this.#workers.keys()) this.forget(uid);
    await Promise.allSettled(this.#running);
  }

  #start(
    pod: Pod,
    container: Container,
    status: RuntimeContainer,
    kind: ProbeKind,
    probe: Probe,
    podIp: string,
  ): Worker {
    const controller = new AbortController();
    const worker: Worker = { kind, containerId: status.id, controller, pod, podIp, state: initialProbeState(kind) };
    const running: Promise<void> = this.#loop(worker, container, status, probe, controller.signal)
      .catch((error: unknown) => {
        if (!isAbort(error, controller.signal)) this.#options.log.error("A probe ended", { error: messageOf(error) });
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return worker;
  }

  async #loop(
    worker: Worker,
    container: Container,
    status: RuntimeContainer,
    probe: Probe,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const periodMs = Math.max(1, probe.periodSeconds ?? 10) * 1000;
    const startedMs = status.startedAtMs ?? clock.now();
    const delayMs = startedMs + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    // Containers that ran before this kubelet did are not all probed at the same moment.
    const oldMs = clock.now() - startedMs > periodMs ? this.#options.random.next() * periodMs : 0;
    await clock.sleep(Math.max(0, delayMs, oldMs), signal);
    for (;;) {
      if (this.#mayProbe(worker, container)) {
        const outcome = await this.#attempt(worker, container, probe, signal);
        signal.throwIfAborted();
        this.#take(worker, container, probe, outcome);
        if (worker.state.onHold) return;
        await clock.sleep(periodMs, signal);
      } else await clock.sleep(Math.min(periodMs, 1000), signal);
    }
  }

  /** Liveness and readiness wait for the startup probe. */
  #mayProbe(worker: Worker, container: Container): boolean {
    if (worker.kind === "startup" || container.startupProbe === undefined) return true;
    return this.verdict(podUid(worker.pod), "startup", worker.containerId) === "success";
  }

  async #attempt(worker: Worker, container: Container, probe: Probe, signal: AbortSignal): Promise<ProbeOutcome> {
    let outcome: ProbeOutcome = { verdict: "unknown", output: "" };
    for (let tries = 0; tries < attempts && outcome.verdict === "unknown"; tries++) {
      try {
        const target = { container, containerId: worker.containerId, podIp: worker.podIp };
        outcome = await runProbe(this.#options, probe, target, signal);
      } catch (error) {
        signal.throwIfAborted();
        outcome = { verdict: "unknown", output: messageOf(error) };
      }
    }
    return outcome;
  }

  #take(worker: Worker, container: Container, probe: Probe, outcome: ProbeOutcome): void {
    const before = worker.state;
    worker.state = probeStep(worker.kind, probe, before, outcome);
    const name = worker.kind[0]?.toUpperCase() + worker.kind.slice(1);
    const target = containerTarget(worker.pod, container.name);
    if (outcome.verdict === "failure") {
      this.#options.events.event(target, "Warning", "Unhealthy", `${name} probe failed: ${outcome.output}`);
    } else if (outcome.verdict === "unknown") {
      const message = `${name} probe errored and resulted in unknown state: ${outcome.output}`;
      this.#options.events.event(target, "Warning", "Unhealthy", message);
    }
    if (worker.state.result !== before.result) this.#options.onChange(podUid(worker.pod));
  }
}

/** Running containers that may have probes: regular ones and sidecars. */
function* probed(pod: Pod, view: RuntimePod): Generator<[Container, RuntimeContainer]> {
  const sidecars = (pod.spec?.initContainers ?? []).filter(isRestartableInit);
  for (const container of [...sidecars, ...(pod.spec?.containers ?? [])]) {
    const status = latest(view, container.name);
    if (status?.state === "running") yield [container, status];
  }
}
