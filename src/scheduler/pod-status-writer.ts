import type { Clock } from "../base/index.ts";
import type { Pod, PodCondition } from "../api/index.ts";
import type { Client } from "../client/index.ts";

/** Writes the conditions that the scheduler owns, and only when they change. */
export class PodStatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** `PodScheduled=False`; `nominatedNode` says where room is being made, `""` that none is. */
  async unschedulable(pod: Pod, reason: string, message: string, nominatedNode?: string): Promise<void> {
    const condition = this.#condition(pod, { type: "PodScheduled", status: "False", reason, message });
    const nominated = nominatedNode ?? (pod.status?.nominatedNodeName ? "" : undefined);
    if (condition === undefined && (nominated === undefined || nominated === pod.status?.nominatedNodeName)) return;
    await this.#patch(pod, {
      ...(condition === undefined ? {} : { conditions: [condition] }),
      ...(nominated === undefined ? {} : { nominatedNodeName: nominated === "" ? null : nominated }),
    });
  }

  /** `DisruptionTarget=True`, before a victim is deleted. */
  async disrupted(pod: Pod, message: string): Promise<void> {
    const condition = this.#condition(pod, {
      type: "DisruptionTarget",
      status: "True",
      reason: "PreemptionByScheduler",
      message,
    });
    if (condition !== undefined) await this.#patch(pod, { conditions: [condition] });
  }

  /** `undefined` when the pod says so already. */
  #condition(pod: Pod, wanted: Pick<PodCondition, "type" | "status" | "reason" | "message">): object | undefined {
    const current = pod.status?.conditions?.find(({ type }) => type === wanted.type);
    if (current?.status === wanted.status && current.reason === wanted.reason && current.message === wanted.message)
      return undefined;
    const now = new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
    const transition = current?.status === wanted.status ? current.lastTransitionTime : now;
    const { generation } = pod.metadata;
    return {
      ...wanted,
      lastProbeTime: null,
      lastTransitionTime: transition,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  }

  async #patch(pod: Pod, status: object): Promise<void> {
    const { name = "", namespace = "", uid } = pod.metadata;
    await this.#client
      .resource({ group: "", version: "v1", resource: "pods" })
      .namespace(namespace)
      .patch(name, { type: "strategic", body: { metadata: { uid }, status } }, { subresource: "status" });
  }
}
