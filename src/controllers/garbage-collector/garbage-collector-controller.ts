import type { KubeObject } from "../../apimachinery/index.ts";
import { abortable, type Runnable, whenAborted } from "../../base/index.ts";
import { type DiscoveredResource, ItemExponentialRateLimiter, SharedInformer } from "../../client/index.ts";
import { Controller, type ControllerContext, periodic, runAll } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { Collector } from "./collector.ts";
import { OwnerGraph } from "./graph.ts";
import { apiVersionOf, ResourceMap } from "./resource-map.ts";

const name = "garbage-collector-controller";
/** How soon new custom resources are taken up. */
const discoveryPeriodMs = 30_000;
const syncTimeoutMs = 30_000;

export const garbageCollectorController: ControllerDescriptor = {
  name,
  serviceAccount: "generic-garbage-collector",
  create: (context) => new GarbageCollector(context).runnable(),
};

interface Watched {
  readonly informer: SharedInformer<KubeObject>;
  readonly running: Promise<void>;
  readonly stop: () => void;
}

/** Watches every resource there is, builds the graph of owners, and deletes what nobody owns any more. */
class GarbageCollector {
  readonly #context: ControllerContext;
  readonly #resources: ResourceMap;
  readonly #graph: OwnerGraph;
  readonly #deletions: Controller;
  readonly #orphans: Controller;
  readonly #watched = new Map<string, Watched>();

  constructor(context: ControllerContext) {
    const { client, clock, log, metrics } = context;
    this.#context = context;
    this.#resources = new ResourceMap(client);
    // No common bucket: a namespace's worth of objects must not wait for each other.
    const options = (part: string, reconcile: (uid: string) => Promise<void>): Controller =>
      new Controller({
        name: part,
        clock,
        log,
        metrics,
        workers: 20,
        rateLimiter: new ItemExponentialRateLimiter({ baseDelayMs: 5, maxDelayMs: 60_000 }),
        reconciler: { reconcile },
      });
    this.#deletions = options("garbage_collector_attempt_to_delete", (uid) => collector.attemptToDelete(uid));
    this.#orphans = options("garbage_collector_attempt_to_orphan", (uid) => collector.attemptToOrphan(uid));
    this.#graph = new OwnerGraph({
      attemptToDelete: (uid) => this.#deletions.enqueue(uid),
      attemptToOrphan: (uid) => this.#orphans.enqueue(uid),
    });
    const collector = new Collector({
      graph: this.#graph,
      resources: this.#resources,
      clock,
      log,
      attemptToDelete: (uid) => this.#deletions.enqueue(uid),
    });
  }

  runnable(): Runnable {
    const { clock, log } = this.#context;
    const synced = Promise.withResolvers<void>();
    const discovery = periodic({
      name: `${name}-discovery`,
      intervalMs: discoveryPeriodMs,
      clock,
      log,
      work: async (signal) => {
        await this.#resync(signal);
        synced.resolve();
      },
    });
    const gate = { waitForSync: (signal: AbortSignal) => abortable(synced.promise, signal) };
    this.#deletions.waitFor(gate);
    this.#orphans.waitFor(gate);
    const cleanUp: Runnable = { name, run: (signal) => this.#stopAll(signal) };
    return runAll(name, [discovery, this.#deletions, this.#orphans, cleanUp]);
  }

  /** Starts watching what is new, stops watching what is gone, and waits until the graph is complete. */
  async #resync(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    await this.#resources.refresh(signal);
    const wanted = new Map(
      this.#resources.collectable.map((one) => [`${one.group}/${one.version}/${one.resource}`, one]),
    );
    for (const [key, { stop }] of this.#watched) {
      if (wanted.has(key)) continue;
      stop();
      this.#watched.delete(key);
    }
    for (const [key, resource] of wanted) if (!this.#watched.has(key)) this.#watched.set(key, this.#watch(resource));
    const all = Promise.all([...this.#watched.values()].map(({ informer }) => informer.waitForSync(signal)));
    const patience = new AbortController();
    const late = clock.sleep(syncTimeoutMs, AbortSignal.any([signal, patience.signal])).then(
      () => log.warn("Not all resources are in sync yet, collecting with what is there"),
      () => {},
    );
    await Promise.race([all, late]);
    patience.abort();
  }

  #watch(resource: DiscoveredResource): Watched {
    const { client, clock, random, log } = this.#context;
    const controller = new AbortController();
    const informer = new SharedInformer<KubeObject>({
      name: `garbage-collector/${resource.resource}.${resource.group}`,
      client: client.resource(resource),
      clock,
      random,
      log,
      transform: metadataOnly,
    });
    const kind = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    informer.addHandler({
      onAdd: (object) => this.#graph.observed(object, kind),
      onUpdate: (previous, object) => this.#graph.observed(object, kind, previous),
      onDelete: (object) => this.#graph.deleted(object.metadata.uid ?? ""),
    });
    return { informer, running: informer.run(controller.signal), stop: () => controller.abort() };
  }

  async #stopAll(signal: AbortSignal): Promise<void> {
    await whenAborted(signal);
    for (const { stop } of this.#watched.values()) stop();
    await Promise.all([...this.#watched.values()].map(({ running }) => running));
  }
}

/** The graph needs no more of an object. */
function metadataOnly({ metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } = metadata;
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
  };
}
