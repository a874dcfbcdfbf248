import type { KubeObject } from "../../apimachinery/index.ts";
import { abortable, type Clock, type Log, messageOf, type Random } from "../../base/index.ts";
import type { ResourceClient } from "../contract.ts";
import { deepFreeze } from "../freeze.ts";
import type { EventHandler, Informer, Lister } from "../informer-contract.ts";
import { keyOf } from "../keys.ts";
import { Reflector, type ReflectorSink } from "./reflector.ts";
import { type IndexFunctions, Store } from "./store.ts";

export interface SharedInformerOptions<T extends KubeObject> {
  readonly name: string;
  readonly client: ResourceClient<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly indexes?: IndexFunctions<T> | undefined;
  readonly streamingList?: boolean | undefined;
  /** Changes each object before it is stored, for example to drop what nobody reads. It gets the object unfrozen or frozen. */
  readonly transform?: ((object: T) => T) | undefined;
}

/** A store fed by a reflector, with handlers told of each change. */
export class SharedInformer<T extends KubeObject> implements Informer<T>, ReflectorSink<T> {
  readonly #options: SharedInformerOptions<T>;
  readonly #store = new Store<T>();
  readonly #handlers = new Set<EventHandler<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;

  constructor(options: SharedInformerOptions<T>) {
    this.#options = options;
    this.#store.addIndexes(options.indexes ?? {});
  }

  get lister(): Lister<T> {
    return this.#store;
  }

  addIndexes(indexes: IndexFunctions<T>): void {
    this.#store.addIndexes(indexes);
  }

  hasSynced(): boolean {
    return this.#hasSynced;
  }

  waitForSync(signal: AbortSignal): Promise<void> {
    return this.#hasSynced ? Promise.resolve() : abortable(this.#synced.promise, signal);
  }

  addHandler(handler: EventHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#store.list()) this.#tell(handler, (to) => to.onAdd?.(object, true));
    return () => this.#handlers.delete(handler);
  }

  run(signal: AbortSignal): Promise<void> {
    const { name, client, clock, random, log, labelSelector, fieldSelector, streamingList } = this.#options;
    return new Reflector<T>({
      name,
      client,
      sink: this,
      clock,
      random,
      log,
      labelSelector,
      fieldSelector,
      streamingList,
    }).run(signal);
  }

  replace(objects: readonly T[]): void {
    const gone = new Set(this.#store.keys());
    for (const object of objects) {
      gone.delete(keyOf(object));
      this.#take(object, !this.#hasSynced);
    }
    for (const key of gone) this.#forget(key);
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  put(object: T): void {
    this.#take(object, false);
  }

  remove(object: T): void {
    // The event's object carries the last state; the store may be a step behind it.
    const key = keyOf(object);
    if (this.#store.remove(key) === undefined) return;
    const last = this.#prepare(object);
    this.#tellAll((handler) => handler.onDelete?.(last));
  }

  #forget(key: string): void {
    const last = this.#store.remove(key);
    if (last !== undefined) this.#tellAll((handler) => handler.onDelete?.(last));
  }

  #take(incoming: T, initial: boolean): void {
    const object = this.#prepare(incoming);
    const previous = this.#store.get(keyOf(object));
    if (previous === undefined) {
      this.#store.put(object);
      return this.#tellAll((handler) => handler.onAdd?.(object, initial));
    }
    if (isSameRevision(previous, object)) return;
    this.#store.put(object);
    // Deleted and made again between two looks: two objects, not one that changed.
    if (previous.metadata.uid !== object.metadata.uid) {
      this.#tellAll((handler) => handler.onDelete?.(previous));
      return this.#tellAll((handler) => handler.onAdd?.(object, initial));
    }
    this.#tellAll((handler) => handler.onUpdate?.(previous, object));
  }

  #prepare(object: T): T {
    const { transform } = this.#options;
    return deepFreeze(transform === undefined ? object : transform(object));
  }

  #tellAll(tell: (handler: EventHandler<T>) => void): void {
    for (const handler of this.#handlers) this.#tell(handler, tell);
  }

  #tell(handler: EventHandler<T>, tell: (handler: EventHandler<T>) => void): void {
    try {
      tell(handler);
    } catch (error) {
      this.#options.log.error("An informer's handler failed", {
        informer: this.#options.name,
        error: messageOf(error),
      });
    }
  }
}

function isSameRevision(a: KubeObject, b: KubeObject): boolean {
  return (
    a.metadata.resourceVersion !== undefined &&
    a.metadata.resourceVersion === b.metadata.resourceVersion &&
    a.metadata.uid === b.metadata.uid
  );
}
