import type { Pod, ResourceSlice, resourceV1 } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import type { Counter, Histogram } from "../../component/index.ts";
import {
  type EventRecorder,
  informerOf,
  type Informer,
  isNotFound,
  keyOf,
  kinds,
  LruMap,
  orNotFound,
} from "../../client/index.ts";
import {
  Controller,
  type ControllerContext,
  isControlledBy,
  isSemanticallyEqual,
  type Key,
  type Result,
  withCondition,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { claimEvictionTime, claimsOf, evictingTaintsOf, poolKey, poolsOf } from "./step.ts";

type ResourceClaim = resourceV1.ResourceClaim;

const name = "device-taint-eviction-controller";
/** Pods known to be evicted. */
const evictedMax = 500;
/** Seconds. */
const latencies = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240];

/** Deletes pods whose devices are tainted with NoExecute, when their claims tolerate that no longer. */
export const deviceTaintEvictionController: ControllerDescriptor = {
  name,
  featureGates: ["DynamicResourceAllocation", "DRADeviceTaints"],
  create: (context, config) => new DeviceTaintEviction(context, config.concurrentDeviceTaintEvictionSyncs).controller,
};

class DeviceTaintEviction {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #pods: Informer<Pod>;
  readonly #claims: Informer<ResourceClaim>;
  readonly #slices: Informer<ResourceSlice>;
  readonly #recorder: EventRecorder;
  readonly #deletions: Counter | undefined;
  readonly #latency: Histogram | undefined;
  /** Pods that wait for their eviction, by uid. */
  readonly #waiting = new Set<string>();
  readonly #evicted = new LruMap<true>(evictedMax);

  constructor(context: ControllerContext, workers = 8) {
    const { clock, informers, log, metrics, registry } = context;
    this.#context = context;
    this.#recorder = context.recorder(name);
    this.#deletions = registry?.counter({
      name: "device_taint_eviction_controller_pod_deletions_total",
      help: "Pods that were deleted for their devices' taints.",
    });
    this.#latency = registry?.histogram({
      name: "device_taint_eviction_controller_pod_deletion_duration_seconds",
      help: "How long after the time of their eviction pods were deleted.",
      buckets: latencies,
    });
    this.#pods = informerOf(informers, kinds.pods);
    this.#claims = informerOf(informers, kinds.resourceclaims, { indexes: { pool: poolsOf } });
    this.#slices = informerOf(informers, kinds.resourceslices, {
      indexes: { pool: ({ spec }) => [poolKey(spec.driver, spec.pool.name)] },
    });
    const reconciler = { reconcile: (key: Key) => this.#reconcile(key) };
    this.controller = new Controller({ name, clock, log, metrics, workers, reconciler })
      .watch(this.#pods, (pod) => (pod.spec.resourceClaims === undefined ? [] : [keyOf(pod)]), {
        predicate: {
          updated: (previous, pod) =>
            previous.spec.nodeName !== pod.spec.nodeName ||
            !isSemanticallyEqual(previous.status?.resourceClaimStatuses, pod.status?.resourceClaimStatuses),
          deleted: (pod) => {
            this.#waiting.delete(pod.metadata.uid ?? "");
            return false;
          },
        },
      })
      .watch(this.#claims, podKeysOf)
      .watch(this.#slices, (slice) => this.#podsWithDevicesOf(slice), {
        predicate: { updated: (previous, slice) => hasChanged(previous, slice) },
      });
  }

  *#podsWithDevicesOf({ spec }: ResourceSlice): Generator<Key> {
    for (const claim of this.#claims.lister.byIndex("pool", poolKey(spec.driver, spec.pool.name))) {
      yield* podKeysOf(claim);
    }
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const pod = this.#pods.lister.get(key);
    if (pod === undefined) return undefined;
    const { uid = "" } = pod.metadata;
    const time = this.#evictionTime(pod);
    if (time === undefined) {
      if (this.#waiting.delete(uid)) this.#tell(pod, "Cancelling deletion");
      return undefined;
    }
    if (this.#evicted.get(uid) !== undefined) return undefined;
    this.#waiting.add(uid);
    const leftMs = time - this.#context.clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    if (await this.#evict(pod)) {
      this.#deletions?.increment();
      this.#latency?.observe((this.#context.clock.now() - time) / 1_000);
    }
    this.#waiting.delete(uid);
    this.#evicted.set(uid, true);
    return undefined;
  }

  /** The earliest that any of its claims asks for. */
  #evictionTime(pod: Pod): number | undefined {
    if ((pod.spec.nodeName ?? "") === "") return undefined;
    const times = claimsOf(pod).flatMap(({ name: claimName, isGenerated }) => {
      const claim = this.#claims.lister.get(`${pod.metadata.namespace ?? ""}/${claimName}`);
      if (claim === undefined || (isGenerated && !isControlledBy(claim, pod))) return [];
      if (!(claim.status?.reservedFor ?? []).some(({ uid }) => uid === pod.metadata.uid)) return [];
      return claimEvictionTime(claim, (pool) => this.#slices.lister.byIndex("pool", pool)) ?? [];
    });
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Whether it was there to be deleted. */
  async #evict({ metadata }: Pod): Promise<boolean> {
    const { namespace = "", name: podName = "", uid = "" } = metadata;
    const pods = this.#context.client.resource<Pod>(kinds.pods).namespace(namespace);
    const live = await orNotFound(pods.get(podName));
    if (live === undefined || live.metadata.uid !== uid) return false;
    if (live.metadata.deletionTimestamp !== undefined) return true;
    this.#tell(live, "Marking for deletion");
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByDeviceTaintManager",
      message: "Device Taint manager: deleting due to NoExecute taint",
      lastTransitionTime: formatTime(this.#context.clock.now()),
    };
    const conditions = withCondition(live.status?.conditions, condition);
    try {
      if (!isSemanticallyEqual(conditions, live.status?.conditions)) {
        const body = { metadata: { uid }, status: { conditions: [condition] } };
        await pods.patch(podName, { type: "strategic", body }, { subresource: "status" });
      }
      await pods.delete(podName, { preconditions: { uid } });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #tell({ metadata: { namespace, name: podName, uid } }: Pod, message: string): void {
    const about = { apiVersion: "v1", kind: "Pod", namespace, name: podName, uid };
    this.#recorder.event(about, "Normal", "DeviceTaintManagerEviction", message);
  }
}

/** Of the pods that a claim is reserved for. */
function podKeysOf({ metadata, status }: ResourceClaim): readonly Key[] {
  return (status?.reservedFor ?? [])
    .filter(({ apiGroup = "", resource }) => apiGroup === "" && resource === "pods")
    .map((consumer) => `${metadata.namespace ?? ""}/${consumer.name}`);
}

function hasChanged(previous: ResourceSlice, slice: ResourceSlice): boolean {
  return (
    previous.spec.pool.generation !== slice.spec.pool.generation ||
    !isSemanticallyEqual(evictingTaintsOf(previous), evictingTaintsOf(slice))
  );
}
