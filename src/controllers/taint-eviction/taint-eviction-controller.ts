import type { Node, Pod, Taint } from "../../api/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import {
  copyOf,
  type EventRecorder,
  informerOf,
  type Informer,
  isNotFound,
  keyOf,
  kinds,
  orNotFound,
} from "../../client/index.ts";
import {
  Controller,
  type ControllerContext,
  isSemanticallyEqual,
  type Key,
  patienceFor,
  type Result,
  withCondition,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "taint-eviction-controller";

/** Deletes pods from nodes with NoExecute taints, when their tolerations end. */
export const taintEvictionController: ControllerDescriptor = {
  name,
  serviceAccount: "node-controller",
  create: (context) => new TaintEviction(context).controller,
};

class TaintEviction {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #deleted: ((sinceDueMs: number) => void) | undefined;
  /** When the wait of a pod began (monotonic): more taints may shorten it, but never start it anew. */
  readonly #waiting = new Map<Key, { readonly uid: string | undefined; readonly sinceMs: number }>();

  constructor(context: ControllerContext) {
    const { clock, log, metrics, informers, registry } = context;
    this.#deleted = registry === undefined ? undefined : deletionSeries(registry);
    this.#context = context;
    this.#recorder = context.recorder(name);
    this.#nodes = informerOf(informers, kinds.nodes);
    this.#pods = informerOf(informers, kinds.pods, { indexes: { nodeName: (pod) => [pod.spec.nodeName ?? ""] } });
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      workers: 8,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    })
      .watch(this.#pods, (pod) => [keyOf(pod)], {
        predicate: {
          updated: (previous, pod) =>
            previous.spec.nodeName !== pod.spec.nodeName ||
            !isSemanticallyEqual(previous.spec.tolerations, pod.spec.tolerations),
        },
      })
      .watch(this.#nodes, (node) => this.#podsOn(node.metadata.name ?? ""), {
        predicate: {
          updated: (previous, node) => !isSemanticallyEqual(noExecuteTaints(previous), noExecuteTaints(node)),
        },
      });
  }

  #podsOn(nodeName: string): Key[] {
    return this.#pods.lister.byIndex("nodeName", nodeName).map(keyOf);
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const pod = this.#pods.lister.get(key);
    const { nodeName = "" } = pod?.spec ?? {};
    if (pod === undefined || nodeName === "" || pod.metadata.deletionTimestamp !== undefined) {
      this.#waiting.delete(key);
      return undefined;
    }
    const node = this.#nodes.lister.get(nodeName);
    const taints = node === undefined ? [] : noExecuteTaints(node);
    const patience = patienceFor(taints, pod.spec.tolerations ?? []);
    if (taints.length === 0 || patience.kind === "forever") return this.#stay(key, pod);
    if (patience.kind === "none") return this.#evict(key, pod);
    const now = this.#context.clock.monotonic();
    const known = this.#waiting.get(key);
    const sinceMs = known !== undefined && known.uid === pod.metadata.uid ? known.sinceMs : now;
    this.#waiting.set(key, { uid: pod.metadata.uid, sinceMs });
    const leftMs = sinceMs + patience.ms - now;
    return leftMs <= 0 ? this.#evict(key, pod, -leftMs) : { requeueAfterMs: leftMs };
  }

  #stay(key: Key, pod: Pod): undefined {
    if (!this.#waiting.delete(key)) return;
    this.#event(pod, `Cancelling deletion of Pod ${key}`);
  }

  async #evict(key: Key, pod: Pod, lateMs = 0): Promise<undefined> {
    const startedMs = this.#context.clock.monotonic();
    this.#event(pod, `Marking for deletion Pod ${key}`);
    const { client, clock } = this.#context;
    const { namespace = "", name: podName = "", uid } = pod.metadata;
    const pods = client.resource<Pod>(kinds.pods).namespace(namespace);
    const marked = copyOf(pod);
    marked.status = {
      ...marked.status,
      conditions: withCondition(marked.status?.conditions, {
        type: "DisruptionTarget",
        status: "True",
        reason: "DeletionByTaintManager",
        message: "Taint manager: deleting due to NoExecute taint",
        lastTransitionTime: formatTime(clock.now()),
      }),
    };
    if (!isSemanticallyEqual(marked.status, pod.status)) await orNotFound(pods.updateStatus(marked));
    await pods.delete(podName, { preconditions: { uid } }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    this.#deleted?.(lateMs + clock.monotonic() - startedMs);
    this.#waiting.delete(key);
  }

  #event(pod: Pod, message: string): void {
    const { namespace, name: podName, uid } = pod.metadata;
    this.#recorder.event(
      { apiVersion: "v1", kind: "Pod", namespace, name: podName, uid },
      "Normal",
      "TaintManagerEviction",
      message,
    );
  }
}

/** Upstream's series of the subsystem `taint_eviction_controller`. Told how long after its time a pod was deleted. */
function deletionSeries(registry: MetricsRegistry): (sinceDueMs: number) => void {
  const deletions = registry.counter({
    name: "taint_eviction_controller_pod_deletions_total",
    help: "Pods that were deleted because of taints.",
  });
  const took = registry.histogram({
    name: "taint_eviction_controller_pod_deletion_duration_seconds",
    help: "How long after their time pods were deleted.",
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240],
  });
  return (sinceDueMs) => {
    deletions.increment();
    took.observe(sinceDueMs / 1000);
  };
}

function noExecuteTaints(node: Node): readonly Taint[] {
  return (node.spec.taints ?? []).filter((taint) => taint.effect === "NoExecute");
}
