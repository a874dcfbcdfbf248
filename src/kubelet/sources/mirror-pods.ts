import { type Clock, type Log, messageOf } from "../../base/index.ts";
import { type Client, isAlreadyExists, isNotFound } from "../../client/index.ts";
import { podKey, podName, podNamespace, podUid } from "../pods/names.ts";
import { podAnnotations } from "../runtime/labels.ts";
import type { Pod } from "../types.ts";

export interface MirrorPodsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly nodeUid: () => string | undefined;
  /** The static pods there are. */
  readonly statics: () => readonly Pod[];
  /** What the API server has under a key. */
  readonly found: (key: string) => Pod | undefined;
  /** Mirrors that the API server has. */
  readonly mirrors: () => readonly Pod[];
  /** Both sides are known. */
  readonly synced: () => boolean;
}

const pods = { group: "", version: "v1", resource: "pods" };
const checkMs = 10_000;
const retryMs = 1_000;

export function isMirror(pod: Pod): boolean {
  return pod.metadata.annotations?.[podAnnotations.configMirror] !== undefined;
}

export function isStatic(pod: Pod): boolean {
  const source = pod.metadata.annotations?.[podAnnotations.configSource];
  return source !== undefined && source !== "api";
}

/** Shows static pods in the API: a mirror for each, made again when it is deleted, removed with its manifest. */
export class MirrorPods {
  readonly #options: MirrorPodsOptions;
  #wake: (() => void) | undefined;

  constructor(options: MirrorPodsOptions) {
    this.#options = options;
  }

  /** Something changed on one of the sides. */
  nudge(): void {
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const complete = await this.#reconcile(signal);
      await new Promise<void>((resolve) => {
        const timer = clock.after(complete ? checkMs : retryMs, resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
        signal.addEventListener("abort", this.#wake, { once: true });
      });
    }
  }

  async #reconcile(signal: AbortSignal): Promise<boolean> {
    const { synced, statics, mirrors, nodeUid, log } = this.#options;
    if (!synced() || nodeUid() === undefined) return false;
    const wanted = new Map(statics().map((pod) => [podKey(pod), pod]));
    let complete = true;
    const attempt = async (work: Promise<void>): Promise<void> => {
      await work.catch((error: unknown) => {
        complete = false;
        if (!signal.aborted) log.warn("A mirror pod could not be brought in line", { error: messageOf(error) });
      });
    };
    for (const mirror of mirrors()) {
      const pod = wanted.get(podKey(mirror));
      const current =
        pod !== undefined &&
        mirror.metadata.annotations?.[podAnnotations.configMirror] ===
          pod.metadata.annotations?.[podAnnotations.configHash];
      if (!current || mirror.metadata.deletionTimestamp) await attempt(this.#delete(mirror, signal));
    }
    for (const [key, pod] of wanted)
      if (this.#options.found(key) === undefined) await attempt(this.#create(pod, signal));
    return complete;
  }

  async #create(pod: Pod, signal: AbortSignal): Promise<void> {
    const { client, nodeName, nodeUid } = this.#options;
    const { labels, annotations = {} } = pod.metadata;
    const mirror: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: podName(pod),
        namespace: podNamespace(pod),
        labels,
        annotations: { ...annotations, [podAnnotations.configMirror]: annotations[podAnnotations.configHash] ?? "" },
        ownerReferences: [{ apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeUid() ?? "", controller: true }],
      },
      spec: pod.spec,
      status: pod.status,
    };
    try {
      await client.resource<Pod>(pods).namespace(podNamespace(pod)).create(mirror, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #delete(mirror: Pod, signal: AbortSignal): Promise<void> {
    const api = this.#options.client.resource<Pod>(pods).namespace(podNamespace(mirror));
    try {
      await api.delete(podName(mirror), { gracePeriodSeconds: 0, preconditions: { uid: podUid(mirror) }, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
