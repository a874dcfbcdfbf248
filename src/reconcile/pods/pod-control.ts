import type { Pod, PodTemplateSpec } from "../../api/index.ts";
import type { KubeObject, OwnerReference } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type Client,
  copyOf,
  type EventRecorder,
  isNamespaceTerminating,
  isNotFound,
  kinds,
  referenceTo,
} from "../../client/index.ts";
import { newControllerRef, type OwnerKind } from "../owners.ts";

export interface PodOwner {
  readonly object: KubeObject;
  readonly kind: OwnerKind;
}

export interface CreatePodOptions {
  /** A fixed name instead of a generated one. */
  readonly name?: string;
  /** Instead of the owner's name and a hyphen. */
  readonly generateName?: string;
}

/** A pod as its template says, controlled by its owner. The copy is the caller's to change. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject, reference: OwnerReference): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata.name ?? ""}-`,
      namespace: owner.metadata.namespace,
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
      ownerReferences: [reference],
    },
    spec: copyOf(template.spec),
  };
}

/** Creates and deletes pods for their owner, and says so in events. */
export class PodControl {
  readonly #client: Client;
  readonly #recorder: EventRecorder;

  constructor(client: Client, recorder: EventRecorder) {
    this.#client = client;
    this.#recorder = recorder;
  }

  createFromTemplate(template: PodTemplateSpec, owner: PodOwner): Promise<Pod> {
    return this.create(podFromTemplate(template, owner.object, newControllerRef(owner.object, owner.kind)), owner);
  }

  async create(pod: Pod, owner: PodOwner): Promise<Pod> {
    try {
      const created = await this.#client
        .resource<Pod>(kinds.pods)
        .namespace(pod.metadata.namespace ?? "")
        .create(pod);
      this.#event(owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name ?? ""}`);
      return created;
    } catch (error) {
      if (!isNamespaceTerminating(error))
        this.#event(owner, "Warning", "FailedCreate", `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  /** A pod that is gone already is reported as `NotFound`, without an event. */
  async delete(namespace: string, name: string, owner: PodOwner): Promise<void> {
    try {
      await this.#client.resource<Pod>(kinds.pods).namespace(namespace).delete(name);
    } catch (error) {
      if (!isNotFound(error)) this.#event(owner, "Warning", "FailedDelete", `Error deleting: ${messageOf(error)}`);
      throw error;
    }
    this.#event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
  }

  #event(owner: PodOwner, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#recorder.event(referenceTo(owner.kind, owner.object), type, reason, message);
  }
}
