import { deepEqual } from "../../../apimachinery/index.ts";
import type { Structural } from "./structural.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * A value of an update beside the one it replaces. Parts are told apart as the schema allows: fields and map entries by
 * name, elements of lists of type map by their keys, elements of other lists not at all. Upstream: `CorrelatedObject`.
 */
export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly structural: Structural;
  #equal: boolean | undefined;
  #byKeys: ReadonlyMap<string, unknown> | undefined;

  constructor(value: unknown, old: unknown, structural: Structural) {
    this.value = value;
    this.old = old;
    this.structural = structural;
  }

  /** Whether nothing changed. Null on both sides is no change. */
  get unchanged(): boolean {
    this.#equal ??= this.#compare();
    return this.#equal;
  }

  field(name: string): Correlation | undefined {
    const { value, old } = this;
    if (!isFields(value) || !isFields(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name))
      return undefined;
    const { properties, additional } = this.structural;
    const below = properties.get(name) ?? (typeof additional === "object" ? additional : undefined);
    return below === undefined ? undefined : new Correlation(value[name], old[name], below);
  }

  element(index: number): Correlation | undefined {
    const { value, old, structural } = this;
    if (!Array.isArray(value) || !Array.isArray(old) || structural.items === undefined) return undefined;
    if (structural.listType !== "map") return undefined;
    this.#byKeys ??= byKeys(old, structural.listKeys);
    const before = this.#byKeys.get(keyOf(value[index], structural.listKeys));
    return before === undefined ? undefined : new Correlation(value[index], before, structural.items);
  }

  /** Elements of lists of type map are compared with those of the same keys, wherever they stand. */
  #compare(): boolean {
    const { value, old } = this;
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      if (this.structural.listType !== "map") return deepEqual(value, old);
      return value.every((_, index) => this.element(index)?.unchanged === true);
    }
    if (!isFields(value) || !isFields(old)) return deepEqual(value ?? null, old ?? null);
    const names = Object.keys(value);
    if (names.length !== Object.keys(old).length) return false;
    return names.every((name) => this.field(name)?.unchanged === true);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Elements of a list of type map by their keys; of several with the same keys the first. */
export function byKeys(list: readonly unknown[], keys: readonly string[]): ReadonlyMap<string, unknown> {
  const known = new Map<string, unknown>();
  for (const item of list) {
    const key = keyOf(item, keys);
    if (!known.has(key)) known.set(key, item);
  }
  return known;
}

export function keyOf(item: unknown, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => (isFields(item) ? (item[key] ?? null) : null)));
}
