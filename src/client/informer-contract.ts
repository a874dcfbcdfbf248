import type { KubeObject } from "../apimachinery/index.ts";

/** A local, eventually consistent copy of one resource (list + watch), kept by a reflector. Objects are frozen. */
export interface Informer<T extends KubeObject> {
  readonly lister: Lister<T>;
  /** True once the first list has been taken in and its handlers have been called. */
  hasSynced(): boolean;
  /** Resolves when `hasSynced`; rejects with the signal's reason. */
  waitForSync(signal: AbortSignal): Promise<void>;
  /** Handlers run synchronously, in order, and must only take a note (usually a key). Returns the removal. */
  addHandler(handler: EventHandler<T>): () => void;
}

export interface EventHandler<T> {
  onAdd?(object: T, isInInitialList: boolean): void;
  onUpdate?(previous: T, object: T): void;
  /** `object` is the last state known; it may be older than what was deleted. */
  onDelete?(object: T): void;
}

export interface Lister<T> {
  /** Key: `namespace/name`, or `name` for cluster-scoped objects. */
  get(key: string): T | undefined;
  list(): Iterable<T>;
  listNamespace(namespace: string): Iterable<T>;
  /** By an index declared when the informer was made, for example `ownerUid` or `nodeName`. */
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}

/** One informer per (resource, selector), shared by everything in a process. */
export interface InformerFactory {
  informer<T extends KubeObject>(
    resource: import("../apimachinery/index.ts").GroupVersionResource,
    options?: {
      readonly namespace?: string;
      readonly labelSelector?: string;
      readonly fieldSelector?: string;
      readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
    },
  ): Informer<T>;
  /** Starts informers asked for so far and later; returns when all have stopped. */
  run(signal: AbortSignal): Promise<void>;
  waitForSync(signal: AbortSignal): Promise<void>;
}
