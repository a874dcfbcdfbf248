import { newUnknownError } from "../errors/status.ts";
import type { Schema } from "../schema/contract.ts";
import { goText, goTypeName, isJsonObject, type JsonObject } from "./json-value.ts";
import { directiveMarker, mergeMap, unprocessable } from "./strategic-merge.ts";

export interface ListRules {
  /** Items are merged; otherwise the patch's list replaces the whole. */
  readonly merge: boolean;
  /** The field that tells items apart; empty for lists of scalars. */
  readonly key: string;
  readonly items?: Schema;
}

/**
 * Merges two lists. With `order` (of `$setElementOrder`) the items named there come in that order; without it those
 * of the patch come in the patch's order. Other items keep their place relative to them as well as can be.
 */
export function mergeList(
  original: readonly unknown[],
  patch: readonly unknown[],
  rules: ListRules,
  order: readonly unknown[] = patch,
): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  const maps = checkElementTypes(original, patch);
  if (!maps) return arrange([...new Set([...original, ...patch])], order, original, (item) => item);
  if (!rules.merge && order === patch) return patch;
  if (!rules.merge) return patch.length === 0 ? original : patch;
  if (rules.key === "") throw newUnknownError(`cannot merge lists without merge key for struct`);
  const { kept, additions } = applyListDirectives(asMaps(original), asMaps(patch), rules.key);
  const merged = mergeItems(kept, additions, rules);
  const listed = order === patch ? additions : order;
  return arrange(merged, listed, kept, (item) => (isJsonObject(item) ? item[rules.key] : undefined));
}

function asMaps(list: readonly unknown[]): readonly JsonObject[] {
  return list as readonly JsonObject[];
}

/** True for lists of maps, false for lists of scalars. All items must be of one type. */
function checkElementTypes(original: readonly unknown[], patch: readonly unknown[]): boolean {
  const first = original.length > 0 ? original[0] : patch[0];
  if (Array.isArray(first)) throw unprocessable();
  const name = goTypeName(first);
  for (const list of [original, patch]) {
    for (const item of list) {
      if (goTypeName(item) !== name) {
        throw newUnknownError(`list element types are not identical: ${goText([original, patch])}`);
      }
    }
  }
  return isJsonObject(first);
}

function applyListDirectives(
  original: readonly JsonObject[],
  patch: readonly JsonObject[],
  key: string,
): { kept: readonly JsonObject[]; additions: readonly JsonObject[] } {
  const additions: JsonObject[] = [];
  const deleted = new Set<unknown>();
  let replace = false;
  for (const item of patch) {
    const directive = item[directiveMarker];
    if (directive === undefined) additions.push(item);
    else if (directive === "delete") deleted.add(keyOf(item, key));
    else if (directive === "replace") replace = true;
    else if (directive === "merge") throw newUnknownError("merging lists cannot yet be specified in the patch");
    else throw newUnknownError(`unknown patch type: ${goText(directive)} in map: ${goText(item)}`);
  }
  if (replace) return { kept: additions, additions: [] };
  return { kept: deleted.size === 0 ? original : original.filter((item) => !deleted.has(item[key])), additions };
}

function keyOf(item: JsonObject, key: string): unknown {
  const value = item[key];
  if (value === undefined) throw newUnknownError(`map: ${goText(item)} does not contain declared merge key: ${key}`);
  return value;
}

function mergeItems(kept: readonly JsonObject[], additions: readonly JsonObject[], rules: ListRules): JsonObject[] {
  const merged = [...kept];
  const places = new Map<unknown, number>();
  merged.forEach((item, index) => {
    const id = keyOf(item, rules.key);
    if (!places.has(id)) places.set(id, index);
  });
  for (const item of additions) {
    const id = keyOf(item, rules.key);
    const place = places.get(id);
    if (place === undefined) {
      places.set(id, merged.length);
      merged.push(item);
    } else merged[place] = mergeMap(merged[place] ?? {}, item, rules.items);
  }
  return merged;
}

/** Items named in `order` come in that order; the others are put between them by their place in `server`. */
function arrange(
  items: readonly unknown[],
  order: readonly unknown[],
  server: readonly unknown[],
  idOf: (item: unknown) => unknown,
): readonly unknown[] {
  const orderOf = places(order, idOf);
  const serverOf = places(server, idOf);
  const named = items.filter((item) => orderOf.has(idOf(item)));
  const others = items.filter((item) => !orderOf.has(idOf(item)));
  named.sort((a, b) => (orderOf.get(idOf(a)) ?? 0) - (orderOf.get(idOf(b)) ?? 0));
  others.sort((a, b) => (serverOf.get(idOf(a)) ?? 0) - (serverOf.get(idOf(b)) ?? 0));
  const result: unknown[] = [];
  let at = 0;
  for (const item of named) {
    const place = serverOf.get(idOf(item));
    while (place !== undefined && at < others.length && (serverOf.get(idOf(others[at])) ?? Infinity) < place) {
      result.push(others[at++]);
    }
    result.push(item);
  }
  return at < others.length ? result.concat(others.slice(at)) : result;
}

function places(list: readonly unknown[], idOf: (item: unknown) => unknown): Map<unknown, number> {
  const found = new Map<unknown, number>();
  list.forEach((item, index) => {
    const id = idOf(item);
    if (!found.has(id)) found.set(id, index);
  });
  return found;
}
