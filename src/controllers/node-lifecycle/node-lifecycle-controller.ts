import type { Lease, Node, Pod } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { messageOf, type Runnable } from "../../base/index.ts";
import {
  copyOf,
  type EventRecorder,
  informerOf,
  type Informer,
  isNotFound,
  keyOf,
  kinds,
  orNotFound,
  retryOnConflict,
} from "../../client/index.ts";
import {
  Controller,
  type ControllerContext,
  findCondition,
  isSemanticallyEqual,
  type Key,
  periodic,
  podCondition,
  runAll,
} from "../../reconcile/index.ts";
import type { ControllerConfig } from "../config.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { healthStep, type HealthStep, type NodeHealth, seenOf } from "./health.ts";
import { hasNoExecuteTaint, withNoExecuteTaint, withNoScheduleTaints } from "./taints.ts";
import { type ZoneMetrics, zoneMetrics } from "./zone-metrics.ts";
import { evictionRates, isAllDown, type ZoneConfig, zoneOf, type ZoneState, zoneState } from "./zones.ts";

const name = "node-lifecycle-controller";
const leaseNamespace = "kube-node-lease";

/** Watches over nodes: a silent one becomes Unknown and tainted, and its pods not ready. */
export const nodeLifecycleController: ControllerDescriptor = {
  name,
  serviceAccount: "node-controller",
  create: (context, config) => new NodeLifecycle(context, config).runnable(),
};

class NodeLifecycle {
  readonly #context: ControllerContext;
  readonly #config: ControllerConfig;
  readonly #zoneConfig: ZoneConfig;
  readonly #nodes: Informer<Node>;
  readonly #leases: Informer<Lease>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #metrics: ZoneMetrics | undefined;
  readonly #taints: Controller;
  readonly #health = new Map<string, NodeHealth>();
  readonly #known = new Map<string, string>();
  /** Nodes whose pods could not all be marked. */
  readonly #toRetry = new Set<string>();
  /** Nodes that wait to be tainted for eviction, by zone, and how many of them may be by now. */
  readonly #evictions = new Map<string, { allowance: number; readonly nodes: Set<string> }>();
  /** Every zone is down: the fault is more likely with us than with all of them. */
  #allDown = false;

  constructor(context: ControllerContext, config: ControllerConfig) {
    const { clock, log, metrics, informers } = context;
    this.#context = context;
    this.#config = config;
    this.#zoneConfig = {
      evictionRate: config.nodeEvictionRate ?? 0.1,
      secondaryEvictionRate: config.secondaryNodeEvictionRate ?? 0.01,
      unhealthyThreshold: config.unhealthyZoneThreshold ?? 0.55,
      largeClusterThreshold: config.largeClusterSizeThreshold ?? 50,
    };
    this.#recorder = context.recorder("node-controller");
    this.#metrics = context.registry === undefined ? undefined : zoneMetrics(context.registry);
    this.#nodes = informerOf(informers, kinds.nodes);
    this.#leases = informerOf(informers, kinds.leases, { namespace: leaseNamespace });
    this.#pods = informerOf(informers, kinds.pods, { indexes: { nodeName: (pod) => [pod.spec.nodeName ?? ""] } });
    this.#taints = new Controller({
      name: "node_lifecycle_controller",
      clock,
      log,
      metrics,
      workers: 8,
      reconciler: { reconcile: (key) => this.#reconcileNode(key) },
    }).watch(this.#nodes, (node) => [keyOf(node)]);
  }

  runnable(): Runnable {
    const { clock, log } = this.#context;
    const { nodeMonitorPeriodMs = 5_000 } = this.#config;
    const monitor = periodic({
      name: `${name}-monitor`,
      intervalMs: nodeMonitorPeriodMs,
      clock,
      log,
      ready: async (signal) => {
        await Promise.all([
          this.#nodes.waitForSync(signal),
          this.#leases.waitForSync(signal),
          this.#pods.waitForSync(signal),
        ]);
      },
      work: () => this.#monitor(nodeMonitorPeriodMs),
    });
    return runAll(name, [this.#taints, monitor]);
  }

  /** Taints and labels that follow from the node's own state. */
  async #reconcileNode(key: Key): Promise<void> {
    const node = this.#nodes.lister.get(key);
    if (node === undefined) return;
    const now = this.#context.clock.now();
    const taints = withNoScheduleTaints(node, now);
    const labels = legacyLabels(node);
    if (taints === undefined && labels === undefined) return;
    await this.#patchNode(key, (fresh) => ({ taints: withNoScheduleTaints(fresh, now), labels: legacyLabels(fresh) }));
  }

  async #monitor(periodMs: number): Promise<void> {
    this.#noteArrivals();
    const zones = new Map<string, boolean[]>();
    for (const node of [...this.#nodes.lister.list()]) {
      const step = await this.#judge(node).catch((error: unknown) => {
        this.#context.log.warn("Failed to update the health of a node", {
          node: node.metadata.name,
          error: messageOf(error),
        });
        return undefined;
      });
      if (step === undefined) continue;
      const zone = zoneOf(node);
      zones.set(zone, [...(zones.get(zone) ?? []), step.current === "True"]);
    }
    await this.#evict(zones, periodMs);
  }

  #noteArrivals(): void {
    const gone = new Map(this.#known);
    for (const { metadata } of this.#nodes.lister.list()) {
      const { name: nodeName = "", uid = "" } = metadata;
      gone.delete(nodeName);
      if (this.#known.get(nodeName) === uid) continue;
      this.#known.set(nodeName, uid);
      this.#nodeEvent(
        nodeName,
        uid,
        "RegisteredNode",
        `Node ${nodeName} event: Registered Node ${nodeName} in Controller`,
      );
    }
    for (const [nodeName, uid] of gone) {
      this.#known.delete(nodeName);
      this.#health.delete(nodeName);
      this.#toRetry.delete(nodeName);
      this.#nodeEvent(
        nodeName,
        uid,
        "RemovingNode",
        `Node ${nodeName} event: Removing Node ${nodeName} from Controller`,
      );
    }
  }

  async #judge(cached: Node): Promise<HealthStep> {
    const { clock } = this.#context;
    const nodeName = cached.metadata.name ?? "";
    const step = healthStep(this.#health.get(nodeName), {
      node: cached,
      lease: this.#leases.lister.get(`${leaseNamespace}/${nodeName}`),
      monotonicMs: clock.monotonic(),
      wallMs: clock.now(),
      gracePeriodMs: this.#config.nodeMonitorGracePeriodMs ?? 50_000,
      startupGracePeriodMs: this.#config.nodeStartupGracePeriodMs ?? 60_000,
    });
    const { conditions } = step;
    if (conditions !== undefined) {
      await this.#context.client
        .resource<Node>(kinds.nodes)
        .updateStatus({ ...cached, status: { ...cached.status, conditions } });
    }
    // What was written here is not a sign of life.
    const ready = findCondition(conditions, "Ready");
    this.#health.set(nodeName, ready === undefined ? step.health : { ...step.health, seen: seenOf(ready) });
    await this.#taintForEviction(cached, step);
    await this.#notePods(cached, step);
    return step;
  }

  /** Taints come off at once, and change into each other at once; the first one waits for its turn. */
  async #taintForEviction(node: Node, { current }: HealthStep): Promise<void> {
    const nodeName = node.metadata.name ?? "";
    const zone = this.#zone(zoneOf(node));
    if (current !== "True" && this.#allDown) return;
    if (current === "True" || hasNoExecuteTaint(node)) {
      zone.nodes.delete(nodeName);
      const now = this.#context.clock.now();
      if (withNoExecuteTaint(node, current, now) === undefined) return;
      await this.#patchNode(nodeName, (fresh) => ({ taints: withNoExecuteTaint(fresh, current, now) }));
    } else {
      zone.nodes.add(nodeName);
    }
  }

  #zone(zone: string): { allowance: number; readonly nodes: Set<string> } {
    const known = this.#evictions.get(zone);
    if (known !== undefined) return known;
    const made = { allowance: 1, nodes: new Set<string>() };
    this.#evictions.set(zone, made);
    return made;
  }

  async #notePods(node: Node, { observed, current }: HealthStep): Promise<void> {
    const nodeName = node.metadata.name ?? "";
    if (current === "True") return void this.#toRetry.delete(nodeName);
    const turned = observed === "True";
    if (turned) {
      const { uid = "" } = node.metadata;
      this.#nodeEvent(nodeName, uid, "NodeNotReady", `Node ${nodeName} status is now: NodeNotReady`);
    }
    const wasReady = this.#pods.lister
      .byIndex("nodeName", nodeName)
      .some((pod) => podCondition(pod, "Ready")?.status === "True");
    if (!turned && !this.#toRetry.has(nodeName) && !wasReady) return;
    this.#toRetry.delete(nodeName);
    for (const pod of this.#pods.lister.byIndex("nodeName", nodeName)) {
      await this.#markNotReady(pod).catch(() => void this.#toRetry.add(nodeName));
    }
  }

  async #markNotReady(pod: Pod): Promise<void> {
    if (podCondition(pod, "Ready")?.status !== "True") return;
    const { client, clock } = this.#context;
    const changed = copyOf(pod);
    for (const condition of changed.status?.conditions ?? []) {
      if (condition.type !== "Ready") continue;
      condition.status = "False";
      condition.lastTransitionTime = formatTime(clock.now());
    }
    await orNotFound(
      client
        .resource<Pod>(kinds.pods)
        .namespace(pod.metadata.namespace ?? "")
        .updateStatus(changed),
    );
    const { namespace, name: podName, uid } = pod.metadata;
    const about = { apiVersion: "v1", kind: "Pod", namespace, name: podName, uid };
    this.#recorder.event(about, "Warning", "NodeNotReady", "Node is not ready");
  }

  /** Taints as many waiting nodes as their zone's rate allows. */
  async #evict(readiness: ReadonlyMap<string, readonly boolean[]>, periodMs: number): Promise<void> {
    const zones = new Map<string, { state: ZoneState; size: number }>();
    for (const [zone, ready] of readiness) {
      zones.set(zone, { state: zoneState(ready, this.#zoneConfig), size: ready.length });
      this.#metrics?.zone(zone, ready.length, ready.filter(Boolean).length);
    }
    await this.#noteDisruption(isAllDown(zones.values()));
    const rates = evictionRates(zones, this.#zoneConfig);
    for (const [zoneName, zone] of this.#evictions) {
      const rate = rates.get(zoneName) ?? 0;
      zone.allowance = rate === 0 ? 0 : Math.min(1, zone.allowance + (rate * periodMs) / 1000);
      for (const nodeName of [...zone.nodes]) {
        if (zone.allowance < 1) break;
        zone.nodes.delete(nodeName);
        if (!(await this.#taintWaiting(nodeName))) continue;
        zone.allowance -= 1;
        this.#metrics?.evicted(zoneName);
      }
    }
  }

  /** While all are down nobody is evicted; when one comes back, the others get their full time again. */
  async #noteDisruption(allDown: boolean): Promise<void> {
    if (allDown === this.#allDown) return;
    this.#allDown = allDown;
    if (!allDown) {
      const probedAtMs = this.#context.clock.monotonic();
      for (const [nodeName, health] of this.#health) this.#health.set(nodeName, { ...health, probedAtMs });
      return;
    }
    this.#context.log.warn("All nodes are down, nobody will be evicted");
    const now = this.#context.clock.now();
    for (const node of [...this.#nodes.lister.list()].filter(hasNoExecuteTaint)) {
      await this.#patchNode(node.metadata.name ?? "", (fresh) => ({ taints: withNoExecuteTaint(fresh, "True", now) }));
    }
  }

  async #taintWaiting(nodeName: string): Promise<boolean> {
    const node = this.#nodes.lister.get(nodeName);
    if (node === undefined) return false;
    const status = findCondition(node.status?.conditions, "Ready")?.status;
    if (status === "True") return false;
    const now = this.#context.clock.now();
    await this.#patchNode(nodeName, (fresh) => ({
      taints: withNoExecuteTaint(fresh, status === "False" ? "False" : "Unknown", now),
    }));
    return true;
  }

  async #patchNode(
    nodeName: string,
    make: (node: Node) => { taints?: Node["spec"]["taints"]; labels?: Record<string, string> | undefined },
  ): Promise<void> {
    const { client, clock } = this.#context;
    const nodes = client.resource<Node>(kinds.nodes);
    await retryOnConflict({ clock }, async () => {
      const fresh = await orNotFound(nodes.get(nodeName));
      if (fresh === undefined) return;
      const { taints, labels } = make(fresh);
      if (taints === undefined && labels === undefined) return;
      const metadata = { resourceVersion: fresh.metadata.resourceVersion, ...(labels === undefined ? {} : { labels }) };
      const body = { metadata, ...(taints === undefined ? {} : { spec: { taints } }) };
      await nodes.patch(nodeName, { type: "merge", body }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    });
  }

  #nodeEvent(nodeName: string, uid: string, reason: string, message: string): void {
    this.#recorder.event({ apiVersion: "v1", kind: "Node", name: nodeName, uid }, "Normal", reason, message);
  }
}

/** `beta.kubernetes.io/os` and `arch` follow the labels that replaced them. */
function legacyLabels(node: Node): Record<string, string> | undefined {
  const labels = node.metadata.labels ?? {};
  const wanted: Record<string, string> = {};
  for (const part of ["os", "arch"]) {
    const value = labels[`kubernetes.io/${part}`];
    if (value !== undefined && labels[`beta.kubernetes.io/${part}`] !== value)
      wanted[`beta.kubernetes.io/${part}`] = value;
  }
  return isSemanticallyEqual(wanted, {}) ? undefined : wanted;
}
