import type { KubeObject } from "../apimachinery/index.ts";
import type { Clock } from "../base/index.ts";
import { type Informer, keyOf } from "../client/index.ts";
import type { Key } from "./contract.ts";

/** A write that the informer has not shown after so long is no longer waited for. */
const patienceMs = 60_000;

interface Pending {
  /** The revision written; `undefined` for a deletion. */
  readonly revision: string | undefined;
  readonly at: number;
}

/**
 * Remembers what a controller wrote for a key until its informer shows it. Until then the cache is too old to decide
 * from; the informer's event should enqueue the key again.
 */
export class WriteTracker<T extends KubeObject> {
  readonly #informer: Informer<T>;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #pending = new Map<Key, Map<string, Pending>>();

  constructor(informer: Informer<T>, clock: Pick<Clock, "monotonic">) {
    this.#informer = informer;
    this.#clock = clock;
  }

  wrote(key: Key, object: T): void {
    this.#note(key, keyOf(object), object.metadata.resourceVersion);
  }

  deleted(key: Key, object: T): void {
    this.#note(key, keyOf(object), undefined);
  }

  /** Whether the informer shows everything that was written for the key. */
  settled(key: Key): boolean {
    const pending = this.#pending.get(key);
    if (pending === undefined) return true;
    for (const [name, write] of pending) if (this.#isSeen(name, write)) pending.delete(name);
    if (pending.size > 0) return false;
    this.#pending.delete(key);
    return true;
  }

  forget(key: Key): void {
    this.#pending.delete(key);
  }

  #note(key: Key, name: string, revision: string | undefined): void {
    const pending = this.#pending.get(key) ?? new Map<string, Pending>();
    pending.set(name, { revision, at: this.#clock.monotonic() });
    this.#pending.set(key, pending);
  }

  #isSeen(name: string, { revision, at }: Pending): boolean {
    if (this.#clock.monotonic() - at > patienceMs) return true;
    const object = this.#informer.lister.get(name);
    if (revision === undefined) return object === undefined || object.metadata.deletionTimestamp !== undefined;
    return object !== undefined && isAtLeast(object.metadata.resourceVersion ?? "", revision);
  }
}

/** Revisions of one resource can be compared as numbers. */
function isAtLeast(actual: string, wanted: string): boolean {
  return actual.length === wanted.length ? actual >= wanted : actual.length > wanted.length;
}
