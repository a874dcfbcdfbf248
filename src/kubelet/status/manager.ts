import { type Clock, isAbort, type Log, messageOf, Semaphore } from "../../base/index.ts";
import { type Client, isConflict, isNotFound } from "../../client/index.ts";
import { podName, podNamespace, podUid } from "../pods/names.ts";
import type { Pod, PodStatus } from "../types.ts";
import { statusPatch } from "./patch.ts";

export interface StatusManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** The pod of the API server that stands for this one: the mirror of a static pod, else itself. */
  readonly apiPod: (pod: Pod) => Pod | undefined;
}

interface Entry {
  pod: Pod;
  status: PodStatus;
  /** What the API server has, as far as known. */
  written: PodStatus | undefined;
  writtenVersion: number;
  /** All that had to be done on the node is done: the object may go. */
  finished: boolean;
  writing: boolean;
  again: boolean;
}

const pods = { group: "", version: "v1", resource: "pods" };
const parallelWrites = 16;
const retryInitialMs = 100;
const retryMaximumMs = 5_000;

/**
 * Keeps the status of each pod and brings it to the API server: at once, one write per pod at a time, the newest wins.
 * Deletes the object of a pod that has ended and was asked to.
 */
export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #writes = new Semaphore(parallelWrites);
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.status;
  }

  set(pod: Pod, status: PodStatus): void {
    const uid = podUid(pod);
    const entry = this.#entries.get(uid) ?? this.#enter(pod, status);
    entry.pod = pod;
    entry.status = status;
    this.#schedule(uid, entry);
  }

  /** The pod's object changed: what the API server has is now this. */
  observe(uid: string, pod: Pod): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined || entry.writing || versionOf(pod) < entry.writtenVersion) return;
    entry.pod = pod;
    entry.written = pod.status;
    this.#schedule(uid, entry);
  }

  /** Everything of the pod on this node has ended; its object may be deleted if that was asked for. */
  finish(pod: Pod): void {
    const uid = podUid(pod);
    const entry = this.#entries.get(uid) ?? this.#enter(pod, pod.status ?? {});
    entry.pod = pod;
    entry.finished = true;
    this.#schedule(uid, entry);
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  /** Writes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const [uid, entry] of this.#entries) this.#schedule(uid, entry);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.allSettled(this.#running);
  }

  #enter(pod: Pod, status: PodStatus): Entry {
    const api = this.#options.apiPod(pod);
    const entry: Entry = {
      pod,
      status,
      written: api?.status,
      writtenVersion: 0,
      finished: false,
      writing: false,
      again: false,
    };
    this.#entries.set(podUid(pod), entry);
    return entry;
  }

  #schedule(uid: string, entry: Entry): void {
    if (entry.writing) {
      entry.again = true;
      return;
    }
    const signal = this.#signal;
    if (signal === undefined || signal.aborted || !this.#due(entry)) return;
    entry.writing = true;
    const work: Promise<void> = this.#write(uid, entry, signal)
      .catch((error: unknown) => {
        if (!isAbort(error, signal))
          this.#options.log.error("A pod status could not be written", { error: messageOf(error) });
      })
      .finally(() => {
        this.#running.delete(work);
        entry.writing = false;
      });
    this.#running.add(work);
  }

  #due(entry: Entry): boolean {
    const api = this.#options.apiPod(entry.pod);
    if (api === undefined) return false;
    return statusPatch(podUid(api), entry.written, entry.status) !== undefined || mayDelete(api, entry);
  }

  async #write(uid: string, entry: Entry, signal: AbortSignal): Promise<void> {
    let delayMs = retryInitialMs;
    for (;;) {
      entry.again = false;
      const done = await this.#attempt(entry, signal);
      if (this.#entries.get(uid) !== entry) return;
      if (done && !(entry.again && this.#due(entry))) return;
      if (done) continue;
      await this.#options.clock.sleep(delayMs, signal);
      delayMs = Math.min(delayMs * 2, retryMaximumMs);
    }
  }

  /** Returns false when it should be tried again. */
  async #attempt(entry: Entry, signal: AbortSignal): Promise<boolean> {
    const api = this.#options.apiPod(entry.pod);
    if (api === undefined) return true;
    try {
      await this.#writes.run(() => this.#patch(api, entry, signal), signal);
      if (mayDelete(api, entry)) await this.#delete(api, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (isNotFound(error) || isConflict(error)) return true;
      this.#options.log.warn("Writing a pod status failed", { pod: podName(api), error: messageOf(error) });
      return false;
    }
  }

  async #patch(api: Pod, entry: Entry, signal: AbortSignal): Promise<void> {
    const { status } = entry;
    const body = statusPatch(podUid(api), entry.written, status);
    if (body === undefined) return;
    const client = this.#options.client.resource<Pod>(pods).namespace(podNamespace(api));
    const written = await client.patch(podName(api), { type: "strategic", body }, { subresource: "status", signal });
    entry.written = written.status ?? status;
    entry.writtenVersion = versionOf(written);
  }

  async #delete(api: Pod, signal: AbortSignal): Promise<void> {
    const client = this.#options.client.resource<Pod>(pods).namespace(podNamespace(api));
    await client.delete(podName(api), { gracePeriodSeconds: 0, preconditions: { uid: podUid(api) }, signal });
  }
}

/** Only to tell an old event of the same object from a new one. */
function versionOf(pod: Pod): number {
  return Number(pod.metadata.resourceVersion ?? 0);
}

function mayDelete(api: Pod, entry: Entry): boolean {
  return entry.finished && Boolean(entry.pod.metadata.deletionTimestamp ?? api.metadata.deletionTimestamp);
}
