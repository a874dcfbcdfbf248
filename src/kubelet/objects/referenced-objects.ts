import { type GroupVersionResource, type KubeObject, newNotFound } from "../../apimachinery/index.ts";
import type { Clock, Log, Random } from "../../base/index.ts";
import { type Client, SharedInformer } from "../../client/index.ts";

export interface ReferencedObjectsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly resource: GroupVersionResource;
  /** The word upstream's kubelet uses in "not found". */
  readonly singular: string;
  /** Called with the users of an object that changed. */
  readonly onChange: (users: readonly string[]) => void;
}

interface Watched<T extends KubeObject> {
  readonly informer: SharedInformer<T>;
  readonly users: Set<string>;
  readonly controller: AbortController;
  readonly running: Promise<void>;
}

/** How long a first list may take before the object is asked for directly. */
const syncTimeoutMs = 2_000;

/**
 * Objects that pods refer to by name. Each is watched alone, as the node authorizer demands, from the first pod that
 * uses it to the last.
 */
export class ReferencedObjects<T extends KubeObject> {
  readonly #options: ReferencedObjectsOptions;
  readonly #watched = new Map<string, Watched<T>>();

  constructor(options: ReferencedObjectsOptions) {
    this.#options = options;
  }

  /** Notes that `user` (a pod's uid) needs the object, and starts watching it. */
  use(namespace: string, name: string, user: string): void {
    const key = `${namespace}/${name}`;
    const watched = this.#watched.get(key) ?? this.#watch(namespace, name);
    watched.users.add(user);
    this.#watched.set(key, watched);
  }

  release(user: string): void {
    for (const [key, watched] of this.#watched) {
      watched.users.delete(user);
      if (watched.users.size > 0) continue;
      watched.controller.abort();
      this.#watched.delete(key);
    }
  }

  /** Rejects with upstream's `configmap "name" not found` when there is none. */
  async get(namespace: string, name: string, signal: AbortSignal): Promise<T> {
    const key = `${namespace}/${name}`;
    const informer = this.#watched.get(key)?.informer;
    if (informer !== undefined) {
      await this.#sync(informer, signal);
      const found = informer.lister.get(key);
      if (found !== undefined) return found;
    }
    return this.#direct(namespace, name, signal);
  }

  async close(): Promise<void> {
    const all = [...this.#watched.values()];
    this.#watched.clear();
    for (const watched of all) watched.controller.abort();
    await Promise.allSettled(all.map((watched) => watched.running));
  }

  async #sync(informer: SharedInformer<T>, signal: AbortSignal): Promise<void> {
    if (informer.hasSynced()) return;
    const limit = new AbortController();
    const timer = this.#options.clock.after(syncTimeoutMs, () => limit.abort());
    try {
      await informer.waitForSync(AbortSignal.any([signal, limit.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      timer.cancel();
    }
  }

  async #direct(namespace: string, name: string, signal: AbortSignal): Promise<T> {
    const { client, resource, singular } = this.#options;
    try {
      return await client.resource<T>(resource).namespace(namespace).get(name, { signal });
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      if (code === 404) throw newNotFound({ group: "", resource: singular }, name);
      throw error;
    }
  }

  #watch(namespace: string, name: string): Watched<T> {
    const { client, clock, random, log, resource } = this.#options;
    const controller = new AbortController();
    const users = new Set<string>();
    const informer = new SharedInformer<T>({
      name: `${resource.resource} ${namespace}/${name}`,
      client: client.resource<T>(resource).namespace(namespace),
      clock,
      random,
      log,
      fieldSelector: `metadata.name=${name}`,
    });
    const changed = (): void => this.#options.onChange([...users]);
    informer.addHandler({ onAdd: (_, initial) => (initial ? undefined : changed()), onUpdate: changed });
    const running = informer.run(controller.signal).catch(() => {});
    return { informer, users, controller, running };
  }
}
