import type { ControllerRevision, DaemonSet, Node, Pod } from "../../api/index.ts";
import { selectorFromObject } from "../../apimachinery/index.ts";
import {
  copyOf,
  type EventRecorder,
  informerOf,
  type Informer,
  isNamespaceTerminating,
  isNotFound,
  ItemExponentialRateLimiter,
  keyOf,
  kinds,
  referenceTo,
  UidTrackingExpectations,
} from "../../client/index.ts";
import {
  byControllerUid,
  claimObjects,
  Controller,
  type ControllerContext,
  controllerOf,
  findOrCreateRevision,
  isPodReady,
  isSemanticallyEqual,
  type Key,
  mapOwner,
  nextAvailabilityMs,
  orphansIn,
  PodControl,
  type Result,
  revisionsOf,
  slowStartBatch,
  trimHistory,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { daemonPod, hashLabel, nodeNameOf, placement } from "./daemon-pod.ts";
import { type DaemonInput, type DaemonStep, daemonSetStatus, manageStep, updateStep } from "./step.ts";

const name = "daemonset-controller";
/** No more pods than this are made or deleted in one look. */
const burst = 250;

export const daemonSetController: ControllerDescriptor = {
  name,
  serviceAccount: "daemon-set-controller",
  create: (context) => new DaemonSetController(context).controller,
};

class DaemonSetController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #sets: Informer<DaemonSet>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #expectations: UidTrackingExpectations;
  readonly #podControl: PodControl;
  readonly #recorder: EventRecorder;
  readonly #failures = new ItemExponentialRateLimiter({ baseDelayMs: 1_000, maxDelayMs: 15 * 60_000 });
  /** Until when a node's failed daemon is left alone (monotonic). */
  readonly #retryAt = new Map<string, number>();

  constructor(context: ControllerContext) {
    const { client, clock, log, metrics, informers } = context;
    this.#context = context;
    this.#expectations = new UidTrackingExpectations(clock);
    this.#recorder = context.recorder(name);
    this.#podControl = new PodControl(client, this.#recorder);
    const indexes = { controllerUid: byControllerUid };
    this.#sets = informerOf(informers, kinds.daemonsets);
    this.#pods = informerOf(informers, kinds.pods, { indexes });
    this.#nodes = informerOf(informers, kinds.nodes);
    this.#revisions = informerOf(informers, kinds.controllerrevisions, { indexes });
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      workers: 2,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    });
    this.controller
      .watch(this.#sets, (set) => [keyOf(set)])
      .watch(this.#nodes, (node) => this.#setsFor(node), { predicate: { updated: hasNodeChanged } })
      .waitFor(this.#pods, this.#revisions);
    this.#sets.addHandler({ onDelete: (set) => this.#expectations.forget(keyOf(set)) });
    this.#pods.addHandler({
      onAdd: (pod) => this.#podChanged(pod, true),
      onUpdate: (_previous, pod) => this.#podChanged(pod, false),
      onDelete: (pod) => this.#podGone(pod),
    });
  }

  #setsFor(node: Node): Key[] {
    const keys: Key[] = [];
    for (const set of this.#sets.lister.list()) {
      const { run, stay } = placement(set, node);
      if (run || stay || this.#hasPodOn(set, node)) keys.push(keyOf(set));
    }
    return keys;
  }

  #hasPodOn(set: DaemonSet, node: Node): boolean {
    return this.#pods.lister
      .byIndex("controllerUid", set.metadata.uid ?? "")
      .some((pod) => nodeNameOf(pod) === node.metadata.name);
  }

  #podChanged(pod: Pod, added: boolean): void {
    if (pod.metadata.deletionTimestamp !== undefined) return this.#podGone(pod);
    for (const key of this.#ownerOf(pod)) {
      if (added) this.#expectations.creationObserved(key);
      this.controller.enqueue(key);
    }
    if (controllerOf(pod) !== undefined) return;
    for (const set of this.#sets.lister.listNamespace(pod.metadata.namespace ?? "")) {
      if (selectorFromObject(set.spec.selector).matches(pod.metadata.labels)) this.controller.enqueue(keyOf(set));
    }
  }

  #podGone(pod: Pod): void {
    for (const key of this.#ownerOf(pod)) {
      this.#expectations.deletionOfObserved(key, pod.metadata.uid ?? "");
      this.controller.enqueue(key);
    }
  }

  #ownerOf(pod: Pod): readonly Key[] {
    return mapOwner(kinds.daemonsets)(pod);
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const cached = this.#sets.lister.get(key);
    if (cached === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    const set = copyOf(cached);
    if (isSemanticallyEqual(set.spec.selector, {})) {
      const message = "This daemon set is selecting all pods. A non-empty selector is required.";
      this.#recorder.event(referenceTo(kinds.daemonsets, set), "Warning", "SelectingAll", message);
      return undefined;
    }
    if (set.metadata.deletionTimestamp !== undefined) return undefined;
    const revisions = this.#context.client
      .resource<ControllerRevision>(kinds.controllerrevisions)
      .namespace(set.metadata.namespace ?? "");
    const known = revisionsOf(this.#revisions.lister, set);
    const owner = {
      object: set,
      kind: kinds.daemonsets,
      template: set.spec.template,
      collisionCount: set.status?.collisionCount,
      hashLabel,
    };
    const { current, all, collisionCount } = await findOrCreateRevision(revisions, owner, known);
    const hash = current.metadata.labels?.[hashLabel] ?? "";
    const requeueAfterMs = this.#expectations.satisfied(key) ? await this.#act(key, set, hash) : undefined;
    const pods = await this.#claim(set);
    const inUse = new Set(
      all.filter(({ metadata }) => usesRevision(pods, metadata.labels)).map(({ metadata }) => metadata.name ?? ""),
    );
    await trimHistory(revisions, all, inUse.add(current.metadata.name ?? ""), set.spec.revisionHistoryLimit ?? 10);
    await this.#updateStatus(set, this.#input(set, pods, hash), collisionCount);
    const waits = [
      requeueAfterMs,
      nextAvailabilityMs(pods.filter(isPodReady), set.spec.minReadySeconds ?? 0, this.#context.clock.now()),
    ];
    const soonest = waits.filter((wait) => wait !== undefined);
    return soonest.length === 0 ? undefined : { requeueAfterMs: Math.min(...soonest) };
  }

  #input(set: DaemonSet, pods: readonly Pod[], hash: string): DaemonInput {
    const { clock } = this.#context;
    const backoffMs = (nodeName: string): number => this.#backoffMs(`${set.metadata.uid}/${hash}/${nodeName}`);
    return { set, nodes: [...this.#nodes.lister.list()], pods, hash, nowMs: clock.now(), backoffMs };
  }

  /** The first failure is replaced at once, later ones wait longer and longer. */
  #backoffMs(key: string): number {
    const now = this.#context.clock.monotonic();
    const until = this.#retryAt.get(key);
    if (until !== undefined && until > now) return until - now;
    this.#retryAt.set(key, now + this.#failures.when(key));
    return 0;
  }

  async #act(key: Key, set: DaemonSet, hash: string): Promise<number | undefined> {
    const pods = await this.#claim(set);
    const step = manageStep(this.#input(set, pods, hash));
    this.#tellEnded(set, step);
    await this.#apply(key, set, hash, step);
    const rolling = set.spec.updateStrategy?.type !== "OnDelete";
    if (rolling && this.#expectations.satisfied(key)) {
      // What was just made or deleted counts.
      await this.#apply(key, set, hash, updateStep(this.#input(set, await this.#claim(set), hash)));
    }
    return step.requeueAfterMs;
  }

  #claim(set: DaemonSet): Promise<Pod[]> {
    const { client } = this.#context;
    const { namespace = "", name: setName = "", uid = "" } = set.metadata;
    const selector = selectorFromObject(set.spec.selector);
    const { lister } = this.#pods;
    return claimObjects({
      owner: set,
      ownerKind: kinds.daemonsets,
      objects: [...lister.byIndex("controllerUid", uid), ...lister.byIndex("controllerUid", orphansIn(namespace))],
      matches: (pod) => selector.matches(pod.metadata.labels),
      client: client.resource<Pod>(kinds.pods).namespace(namespace),
      freshOwner: () => client.resource<DaemonSet>(kinds.daemonsets).namespace(namespace).get(setName),
    });
  }

  #tellEnded(set: DaemonSet, { ended }: DaemonStep): void {
    for (const pod of ended) {
      const { name: podName, namespace } = pod.metadata;
      const about = referenceTo(kinds.daemonsets, set);
      const failed = pod.status?.phase === "Failed";
      const message = failed
        ? `Found failed daemon pod ${namespace}/${podName} on node ${nodeNameOf(pod)}, will try to kill it`
        : `Found succeeded daemon pod ${namespace}/${podName} on node ${nodeNameOf(pod)}, will try to delete it`;
      this.#recorder.event(
        about,
        failed ? "Warning" : "Normal",
        failed ? "FailedDaemonPod" : "SucceededDaemonPod",
        message,
      );
    }
  }

  async #apply(key: Key, set: DaemonSet, hash: string, step: DaemonStep): Promise<void> {
    const create = step.create.slice(0, burst);
    const remove = [...new Set(step.delete)].slice(0, burst);
    if (create.length === 0 && remove.length === 0) return;
    const owner = { object: set, kind: kinds.daemonsets };
    this.#expectations.expectDeletionsOf(
      key,
      remove.map(({ metadata }) => metadata.uid ?? ""),
    );
    this.#expectations.raise(key, create.length, 0);
    const { succeeded, error } = await slowStartBatch(create.length, 1, async (at) => {
      await this.#podControl.create(daemonPod(set, hash, create[at] ?? ""), owner);
    });
    this.#expectations.lowerCreations(key, create.length - succeeded);
    const failures = await Promise.all(remove.map((pod) => this.#delete(key, pod, set)));
    const failure = failures.find((one) => one !== undefined) ?? error;
    if (failure !== undefined && !isNamespaceTerminating(failure)) throw failure;
  }

  async #delete(key: Key, { metadata }: Pod, set: DaemonSet): Promise<unknown> {
    try {
      await this.#podControl.delete(metadata.namespace ?? "", metadata.name ?? "", {
        object: set,
        kind: kinds.daemonsets,
      });
      return undefined;
    } catch (error) {
      this.#expectations.deletionOfObserved(key, metadata.uid ?? "");
      return isNotFound(error) ? undefined : error;
    }
  }

  async #updateStatus(set: DaemonSet, input: DaemonInput, collisionCount: number): Promise<void> {
    const status = daemonSetStatus(input);
    if (collisionCount > 0) status.collisionCount = collisionCount;
    if (isSemanticallyEqual(status, set.status)) return;
    const sets = this.#context.client.resource<DaemonSet>(kinds.daemonsets).namespace(set.metadata.namespace ?? "");
    await sets.updateStatus({ ...set, status }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

function usesRevision(pods: readonly Pod[], labels: Readonly<Record<string, string>> | undefined): boolean {
  const hash = labels?.[hashLabel];
  return pods.some((pod) => pod.metadata.labels?.[hashLabel] === hash);
}

/** What of a node decides where daemons go. */
function hasNodeChanged(previous: Node, node: Node): boolean {
  return (
    !isSemanticallyEqual(previous.metadata.labels, node.metadata.labels) ||
    !isSemanticallyEqual(previous.spec.taints, node.spec.taints)
  );
}
