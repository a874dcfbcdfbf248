import type { Node, Pod } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import { informerOf, type Informer, kinds, orNotFound } from "../../client/index.ts";
import {
  type ControllerContext,
  isConditionTrue,
  isPodTerminal,
  periodic,
  timeOf,
  withCondition,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "pod-garbage-collector-controller";
const periodMs = 20_000;
/** A node must be gone for so long before its pods are taken to be gone with it. */
const quarantineMs = 40_000;
const outOfServiceKey = "node.kubernetes.io/out-of-service";

/** Removes pods that no kubelet will: of nodes that are gone, never scheduled, or too many at their end. */
export const podGarbageCollectorController: ControllerDescriptor = {
  name,
  serviceAccount: "pod-garbage-collector",
  create(context, { terminatedPodGcThreshold = 12_500 }) {
    const { clock, informers, log } = context;
    const pods = informerOf(informers, kinds.pods, { indexes: { nodeName: (pod) => [pod.spec.nodeName ?? ""] } });
    const nodes = informerOf(informers, kinds.nodes);
    const collector = new PodCollector(context, pods, nodes, terminatedPodGcThreshold);
    return periodic({
      name,
      intervalMs: periodMs,
      clock,
      log,
      ready: async (signal) => {
        await Promise.all([pods.waitForSync(signal), nodes.waitForSync(signal)]);
      },
      work: () => collector.collect(),
    });
  },
};

class PodCollector {
  readonly #context: ControllerContext;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #threshold: number;
  /** Nodes that pods name and nobody knows, with the time they were first missed. */
  readonly #missing = new Map<string, number>();

  constructor(context: ControllerContext, pods: Informer<Pod>, nodes: Informer<Node>, threshold: number) {
    this.#context = context;
    this.#pods = pods;
    this.#nodes = nodes;
    this.#threshold = threshold;
  }

  async collect(): Promise<void> {
    const all = [...this.#pods.lister.list()];
    const doomed = new Map<Pod, string | undefined>();
    for (const pod of this.#surplus(all)) doomed.set(pod, undefined);
    for (const pod of all.filter((one) => this.#isOutOfService(one))) doomed.set(pod, "PodGC: node is out-of-service");
    for (const pod of await this.#orphans(all)) doomed.set(pod, "PodGC: node no longer exists");
    for (const pod of all) {
      const unscheduled = pod.metadata.deletionTimestamp !== undefined && (pod.spec.nodeName ?? "") === "";
      if (unscheduled) doomed.set(pod, undefined);
    }
    for (const [pod, why] of doomed) {
      await this.#remove(pod, why).catch((error: unknown) => {
        this.#context.log.info("Failed to collect a pod", { pod: pod.metadata.name, error: messageOf(error) });
      });
    }
  }

  #surplus(all: readonly Pod[]): readonly Pod[] {
    if (this.#threshold <= 0) return [];
    const ended = all.filter(isPodTerminal);
    const time = (pod: Pod): number => timeOf(pod.metadata.creationTimestamp) ?? 0;
    return ended.sort((a, b) => time(a) - time(b)).slice(0, Math.max(0, ended.length - this.#threshold));
  }

  #isOutOfService(pod: Pod): boolean {
    if (pod.metadata.deletionTimestamp === undefined) return false;
    const node = this.#nodes.lister.get(pod.spec.nodeName ?? "");
    if (node === undefined || isConditionTrue(node.status?.conditions, "Ready")) return false;
    return (node.spec.taints ?? []).some(({ key }) => key === outOfServiceKey);
  }

  async #orphans(all: readonly Pod[]): Promise<readonly Pod[]> {
    const now = this.#context.clock.monotonic();
    const named = new Set(all.map(({ spec }) => spec.nodeName ?? "").filter((node) => node !== ""));
    for (const node of this.#missing.keys()) {
      if (!named.has(node) || this.#nodes.lister.get(node) !== undefined) this.#missing.delete(node);
    }
    const gone: string[] = [];
    for (const node of named) {
      if (this.#nodes.lister.get(node) !== undefined) continue;
      const since = this.#missing.get(node) ?? now;
      this.#missing.set(node, since);
      // The informer may be behind: the server has the last word.
      if (now - since >= quarantineMs && (await this.#isGone(node))) gone.push(node);
    }
    return gone.flatMap((node) => this.#pods.lister.byIndex("nodeName", node));
  }

  async #isGone(node: string): Promise<boolean> {
    return (await orNotFound(this.#context.client.resource<Node>(kinds.nodes).get(node))) === undefined;
  }

  async #remove(pod: Pod, why: string | undefined): Promise<void> {
    const { client, clock } = this.#context;
    const { namespace = "", name: podName = "", uid } = pod.metadata;
    const pods = client.resource<Pod>(kinds.pods).namespace(namespace);
    if (!isPodTerminal(pod)) {
      const time = formatTime(clock.now());
      const { conditions } = pod.status ?? {};
      const target = {
        type: "DisruptionTarget",
        status: "True",
        reason: "DeletionByPodGC",
        message: why ?? "",
        lastTransitionTime: time,
      };
      const status = {
        ...pod.status,
        phase: "Failed" as const,
        conditions: why === undefined ? conditions : withCondition(conditions, target),
      };
      await orNotFound(pods.updateStatus({ ...pod, status }));
    }
    await orNotFound(pods.delete(podName, { gracePeriodSeconds: 0, preconditions: { uid } }));
  }
}
