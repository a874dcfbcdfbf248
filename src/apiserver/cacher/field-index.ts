import type { KubeObject } from "../../apimachinery/index.ts";
import type { CacheEntry } from "./entry.ts";

/** Objects by the value of one field (`spec.nodeName`). */
export class FieldIndex {
  readonly #read: (object: KubeObject) => string;
  readonly #keys = new Map<string, Set<string>>();

  constructor(read: (object: KubeObject) => string) {
    this.#read = read;
  }

  add(entry: CacheEntry): void {
    const value = this.#valueOf(entry);
    const keys = this.#keys.get(value);
    if (keys === undefined) this.#keys.set(value, new Set([entry.key]));
    else keys.add(entry.key);
  }

  remove(entry: CacheEntry): void {
    const value = this.#valueOf(entry);
    const keys = this.#keys.get(value);
    keys?.delete(entry.key);
    if (keys?.size === 0) this.#keys.delete(value);
  }

  replace(previous: CacheEntry | undefined, entry: CacheEntry): void {
    if (previous !== undefined) {
      if (this.#valueOf(previous) === this.#valueOf(entry)) return;
      this.remove(previous);
    }
    this.add(entry);
  }

  /** In key order. */
  keys(value: string): readonly string[] {
    return [...(this.#keys.get(value) ?? [])].sort();
  }

  #valueOf(entry: CacheEntry): string {
    return entry.fieldValue(this.#read);
  }
}
