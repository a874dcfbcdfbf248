import type { DeviceClass, Pod, QuotaSurroundings, ResourceQuota, resourceV1 } from "../../../api/index.ts";
import { isStatusError } from "../../../apimachinery/index.ts";
import type { Clock } from "../../../base/index.ts";
import type { LimitedResource } from "../configuration.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { mayTakeMore, takesQuota } from "../quota/handles.ts";
import { judge } from "../quota/judge.ts";
import { QuotaBatches, type QuotaStore } from "../quota/quota-batches.ts";

/** Quotas whose newest state this server wrote itself and may not have heard of yet. */
const writtenMax = 1_000;

/**
 * Refuses what would exceed a quota of the namespace, and charges what does not to the quota's status before it is
 * stored. The controller corrects the status where that was too much. Upstream: "Resource Quotas".
 */
export function resourceQuota(
  objects: ClusterObjects,
  clock: Clock,
  limited: readonly LimitedResource[] = [],
): AdmissionPlugin {
  const store = new WrittenQuotas(objects);
  const charge = (quotas: readonly ResourceQuota[], attributes: AdmissionAttributes) =>
    judge(quotas, attributes, { limited, surroundings: surroundingsIn(objects, clock) });
  const batches = new QuotaBatches(store, charge, clock);
  return {
    name: "ResourceQuota",
    handles: takesQuota,
    validate(attributes) {
      if (attributes.namespace === "" || !mayTakeMore(attributes)) return undefined;
      if (limited.length === 0 && store.list(attributes.namespace).length === 0) return undefined;
      return batches.charge(attributes);
    },
  };
}

function surroundingsIn(objects: ClusterObjects, clock: Clock): QuotaSurroundings {
  return {
    nowMs: clock.now(),
    deviceClasses: () => objects.list<DeviceClass>("resource.k8s.io", "deviceclasses", ""),
    pod: (namespace, name) => objects.get<Pod>("", "pods", namespace, name),
    resourceClaims: (namespace) =>
      objects.list<resourceV1.ResourceClaim>("resource.k8s.io", "resourceclaims", namespace),
  };
}

class WrittenQuotas implements QuotaStore {
  readonly #objects: ClusterObjects;
  readonly #written = new Map<string, ResourceQuota>();

  constructor(objects: ClusterObjects) {
    this.#objects = objects;
  }

  list(namespace: string): readonly ResourceQuota[] {
    const quotas = [...this.#objects.list<ResourceQuota>("", "resourcequotas", namespace)];
    if (this.#written.size === 0) return quotas;
    return quotas.map((quota) => this.#newer(quota));
  }

  async refresh(namespace: string): Promise<readonly ResourceQuota[]> {
    await this.#objects.getFresh("", "resourcequotas", namespace, "");
    return this.list(namespace);
  }

  async writeUsed(quota: ResourceQuota, { context }: AdmissionAttributes): Promise<boolean> {
    const uid = quota.metadata.uid ?? "";
    try {
      const written = await this.#objects.writeStatus("", "resourcequotas", quota, context);
      this.#written.delete(uid);
      this.#written.set(uid, written);
      const oldest = this.#written.keys().next();
      if (this.#written.size > writtenMax && oldest.done !== true) this.#written.delete(oldest.value);
      return true;
    } catch (error) {
      if (!isStatusError(error, "Conflict", "NotFound")) throw error;
      this.#written.delete(uid);
      return false;
    }
  }

  #newer(quota: ResourceQuota): ResourceQuota {
    const uid = quota.metadata.uid ?? "";
    const written = this.#written.get(uid);
    if (written === undefined) return quota;
    if (revision(written) > revision(quota)) return written;
    this.#written.delete(uid);
    return quota;
  }
}

function revision({ metadata }: ResourceQuota): number {
  return Number(metadata.resourceVersion ?? "0");
}
