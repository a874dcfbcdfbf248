import { assert, must } from "../../base/index.ts";
import { compareKeys, hasWideUnits } from "../keys.ts";

const LEAF_KEYS_MAX = 256;
const LEAF_KEYS_MERGE = 96;

/** Which place a search is for: numbers, because it is the hottest loop of the store. */
const LOWER = 0;
const UPPER = 1;
const PREFIX_END = 2;
type Bound = typeof LOWER | typeof UPPER | typeof PREFIX_END;

interface Leaf<T> {
  readonly keys: string[];
  readonly values: T[];
}

/** A place between two keys. Valid only until the map changes. */
export interface Position {
  readonly leaf: number;
  readonly index: number;
}

/**
 * Keys in the order of their UTF-8 bytes: a B-tree of two levels, which keeps inserts at a few hundred nanoseconds up
 * to some million keys. Plain string comparison is used until a key arrives for which the two orders could differ.
 */
export class SortedMap<T> {
  readonly #leaves: Leaf<T>[] = [];
  #size = 0;
  #wide = false;

  get size(): number {
    return this.#size;
  }

  get(key: string): T | undefined {
    const { leaf, index } = this.lowerBound(key);
    const found = this.#leaves[leaf];
    return found !== undefined && found.keys[index] === key ? found.values[index] : undefined;
  }

  /** Returns what the key had before. */
  set(key: string, value: T): T | undefined {
    const { leaf, index } = this.lowerBound(key);
    const found = this.#leaves[leaf];
    if (found !== undefined && found.keys[index] === key) {
      const previous = found.values[index];
      found.values[index] = value;
      return previous;
    }
    if (!this.#wide && hasWideUnits(key)) this.#wide = true;
    this.#insert(leaf, index, key, value);
    this.#size++;
    return undefined;
  }

  /** Adds a key that comes after all others, which takes no search. Throws when it does not. */
  append(key: string, value: T): void {
    if (!this.#wide && hasWideUnits(key)) this.#wide = true;
    const last = this.#leaves.at(-1);
    const lastKey = last?.keys.at(-1);
    assert(lastKey === undefined || this.#below(lastKey, key), "appended keys ascend");
    if (last === undefined || last.keys.length === LEAF_KEYS_MAX) this.#leaves.push({ keys: [key], values: [value] });
    else {
      last.keys.push(key);
      last.values.push(value);
    }
    this.#size++;
  }

  delete(key: string): boolean {
    const { leaf, index } = this.lowerBound(key);
    const found = this.#leaves[leaf];
    if (found === undefined || found.keys[index] !== key) return false;
    found.keys.splice(index, 1);
    found.values.splice(index, 1);
    this.#size--;
    if (found.keys.length <= LEAF_KEYS_MERGE) this.#merge(leaf);
    return true;
  }

  /** Before the first key that is not below `key`. */
  lowerBound(key: string): Position {
    return this.#search(key, LOWER);
  }

  /** After the last key that is `key` or below it. */
  upperBound(key: string): Position {
    return this.#search(key, UPPER);
  }

  /** After the last key that starts with the prefix. */
  prefixEnd(prefix: string): Position {
    return this.#search(prefix, PREFIX_END);
  }

  /** How many keys lie between two places. */
  count(from: Position, to: Position): number {
    let total = to.index - from.index;
    for (let leaf = from.leaf; leaf < to.leaf; leaf++) total += must(this.#leaves[leaf], "leaf in range").keys.length;
    return total;
  }

  /** Calls back for each entry from a place on until told `false`. The map must not change meanwhile. */
  scan(from: Position, visit: (key: string, value: T) => boolean): void {
    let start = from.index;
    for (let leaf = from.leaf; leaf < this.#leaves.length; leaf++) {
      const { keys, values } = must(this.#leaves[leaf], "leaf in range");
      for (let index = start; index < keys.length; index++) {
        if (!visit(keys[index] as string, values[index] as T)) return;
      }
      start = 0;
    }
  }

  #below(left: string, right: string): boolean {
    return this.#wide ? compareKeys(left, right) < 0 : left < right;
  }

  /** Whether a key of the map lies before the place that is searched for. */
  #before(key: string, target: string, bound: Bound): boolean {
    if (bound === LOWER) return this.#below(key, target);
    if (bound === UPPER) return !this.#below(target, key);
    return key.startsWith(target) || this.#below(key, target);
  }

  #search(target: string, bound: Bound): Position {
    const leaves = this.#leaves;
    let low = 0;
    let high = leaves.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#before((leaves[middle] as Leaf<T>).keys[0] as string, target, bound)) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return { leaf: 0, index: 0 };
    const leaf = low - 1;
    const keys = (leaves[leaf] as Leaf<T>).keys;
    low = 1;
    high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#before(keys[middle] as string, target, bound)) low = middle + 1;
      else high = middle;
    }
    // The end of one leaf is the start of the next, so that the place always names an existing entry if there is one.
    return low === keys.length && leaf + 1 < leaves.length ? { leaf: leaf + 1, index: 0 } : { leaf, index: low };
  }

  #insert(leaf: number, index: number, key: string, value: T): void {
    const target = this.#leaves[leaf];
    if (target === undefined) {
      this.#leaves.push({ keys: [key], values: [value] });
      return;
    }
    target.keys.splice(index, 0, key);
    target.values.splice(index, 0, value);
    if (target.keys.length <= LEAF_KEYS_MAX) return;
    // Keys that come in order leave full leaves behind them.
    const appended = leaf === this.#leaves.length - 1 && index === target.keys.length - 1;
    const cut = appended ? target.keys.length - 1 : target.keys.length >>> 1;
    this.#leaves.splice(leaf + 1, 0, { keys: target.keys.splice(cut), values: target.values.splice(cut) });
  }

  #merge(leaf: number): void {
    const small = must(this.#leaves[leaf], "leaf in range");
    const left = this.#leaves[leaf - 1];
    if (small.keys.length === 0) {
      this.#leaves.splice(leaf, 1);
    } else if (left !== undefined && left.keys.length + small.keys.length <= 2 * LEAF_KEYS_MERGE) {
      left.keys.push(...small.keys);
      left.values.push(...small.values);
      this.#leaves.splice(leaf, 1);
    }
  }
}
