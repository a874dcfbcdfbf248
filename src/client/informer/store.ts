import type { KubeObject } from "../../apimachinery/index.ts";
import type { Lister } from "../informer-contract.ts";
import { keyOf } from "../keys.ts";

export type IndexFunction<T> = (object: T) => readonly string[];
export type IndexFunctions<T> = Readonly<Record<string, IndexFunction<T>>>;

type Bucket<T> = Map<string, T>;

class Index<T> {
  readonly #valuesOf: IndexFunction<T>;
  readonly #buckets = new Map<string, Bucket<T>>();

  constructor(valuesOf: IndexFunction<T>) {
    this.#valuesOf = valuesOf;
  }

  put(key: string, previous: T | undefined, object: T): void {
    const values = this.#valuesOf(object);
    if (previous !== undefined) this.#drop(key, this.#valuesOf(previous), values);
    for (const value of values) {
      const bucket = this.#buckets.get(value);
      if (bucket === undefined) this.#buckets.set(value, new Map([[key, object]]));
      else bucket.set(key, object);
    }
  }

  remove(key: string, previous: T): void {
    this.#drop(key, this.#valuesOf(previous), []);
  }

  values(value: string): readonly T[] {
    const bucket = this.#buckets.get(value);
    return bucket === undefined ? [] : [...bucket.values()];
  }

  #drop(key: string, values: readonly string[], kept: readonly string[]): void {
    for (const value of values) {
      if (kept.includes(value)) continue;
      const bucket = this.#buckets.get(value);
      bucket?.delete(key);
      if (bucket?.size === 0) this.#buckets.delete(value);
    }
  }
}

const byNamespace: IndexFunction<KubeObject> = (object) => [object.metadata.namespace ?? ""];

/** Objects by key, with indexes kept up to date. */
export class Store<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #namespaces = new Index<T>(byNamespace);

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): Iterable<T> {
    return this.#objects.values();
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  listNamespace(namespace: string): Iterable<T> {
    return this.#namespaces.values(namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`no index named "${index}" was declared for this informer`);
    return found.values(value);
  }

  /** An index of that name that exists already stays as it is. */
  addIndexes(functions: IndexFunctions<T>): void {
    for (const [name, valuesOf] of Object.entries(functions)) {
      if (this.#indexes.has(name)) continue;
      const index = new Index(valuesOf);
      for (const [key, object] of this.#objects) index.put(key, undefined, object);
      this.#indexes.set(name, index);
    }
  }

  /** Returns what was there before. */
  put(object: T): T | undefined {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    this.#namespaces.put(key, previous, object);
    for (const index of this.#indexes.values()) index.put(key, previous, object);
    return previous;
  }

  remove(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#objects.delete(key);
    this.#namespaces.remove(key, previous);
    for (const index of this.#indexes.values()) index.remove(key, previous);
    return previous;
  }
}
