import type { GroupResource, KubeObject } from "../../apimachinery/index.ts";
import { type Runnable, whenAborted } from "../../base/index.ts";
import { discover, type DiscoveredResource, preferredResources, SharedInformer } from "../../client/index.ts";
import { type ControllerContext, periodic, runAll } from "../../reconcile/index.ts";

/** How soon it is seen that a resource is no longer served. */
const discoveryPeriodMs = 30_000;

interface Watched {
  readonly informer: SharedInformer<KubeObject>;
  readonly running: Promise<void>;
  readonly stopped: AbortSignal;
  readonly stop: () => void;
}

/**
 * Objects that quotas only count, of whatever resource, custom ones too. A resource is watched from the first quota on
 * that names it, as long as it is served. Tells of each namespace where one is gone; what is new admission has counted.
 */
export class CountedResources {
  readonly #context: ControllerContext;
  readonly #onGone: (namespace: string) => void;
  readonly #watched = new Map<string, Watched>();
  #served: Promise<readonly DiscoveredResource[]> | undefined;

  constructor(context: ControllerContext, onGone: (namespace: string) => void) {
    this.#context = context;
    this.#onGone = onGone;
  }

  /** `undefined` where nothing of that name can be counted. */
  async count(namespace: string, wanted: GroupResource, signal: AbortSignal): Promise<number | undefined> {
    const found = await this.#find(wanted, signal);
    if (found === undefined || !found.namespaced) return undefined;
    if (!["list", "watch"].every((verb) => found.verbs.includes(verb))) return undefined;
    const { informer, stopped } = this.#watch(found);
    await informer.waitForSync(AbortSignal.any([signal, stopped]));
    return [...informer.lister.listNamespace(namespace)].length;
  }

  runnable(name: string): Runnable {
    const { clock, log } = this.#context;
    const discovery = periodic({
      name: `${name}-discovery`,
      intervalMs: discoveryPeriodMs,
      clock,
      log,
      work: (signal) => this.#dropUnserved(signal),
    });
    return runAll(name, [discovery, { name: `${name}-watches`, run: (signal) => this.#stopAll(signal) }]);
  }

  async #find({ group, resource }: GroupResource, signal: AbortSignal): Promise<DiscoveredResource | undefined> {
    this.#served ??= this.#discover(signal);
    const served = this.#served;
    try {
      const found = (await served).find((one) => one.group === group && one.resource === resource);
      if (found === undefined && this.#served === served) this.#served = undefined;
      return found;
    } catch (error) {
      if (this.#served === served) this.#served = undefined;
      throw error;
    }
  }

  async #discover(signal: AbortSignal): Promise<readonly DiscoveredResource[]> {
    return preferredResources((await discover(this.#context.client, signal)).resources);
  }

  async #dropUnserved(signal: AbortSignal): Promise<void> {
    if (this.#watched.size === 0) return;
    const { resources, failures } = await discover(this.#context.client, signal);
    const served = preferredResources(resources);
    this.#served = Promise.resolve(served);
    const keys = new Set(served.map(keyOfResource));
    for (const [key, { stop }] of this.#watched) {
      if (keys.has(key) || failures.has(key.slice(0, key.lastIndexOf("/")))) continue;
      stop();
      this.#watched.delete(key);
    }
  }

  #watch(resource: DiscoveredResource): Watched {
    const key = keyOfResource(resource);
    const existing = this.#watched.get(key);
    if (existing !== undefined) return existing;
    const { client, clock, random, log } = this.#context;
    const controller = new AbortController();
    const informer = new SharedInformer<KubeObject>({
      name: `resourcequota/${resource.resource}.${resource.group}`,
      client: client.resource(resource),
      clock,
      random,
      log,
      transform: nameOnly,
    });
    informer.addHandler({ onDelete: ({ metadata }) => this.#onGone(metadata.namespace ?? "") });
    const watched: Watched = {
      informer,
      running: informer.run(controller.signal),
      stopped: controller.signal,
      stop: () => controller.abort(),
    };
    this.#watched.set(key, watched);
    return watched;
  }

  async #stopAll(signal: AbortSignal): Promise<void> {
    await whenAborted(signal);
    for (const { stop } of this.#watched.values()) stop();
    await Promise.all([...this.#watched.values()].map(({ running }) => running));
  }
}

function keyOfResource({ group, version, resource }: DiscoveredResource): string {
  return `${group}/${version}/${resource}`;
}

/** No more of an object is needed to count it. */
function nameOnly({ metadata: { name, namespace, uid, resourceVersion } }: KubeObject): KubeObject {
  return { metadata: { name, namespace, uid, resourceVersion } };
}
