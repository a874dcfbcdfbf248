import { setMember } from "../patch/json-value.ts";
import type { ListSchema, Schema } from "../schema/contract.ts";
import { atomOf, isMembers, knownElement, memberSchema, type Members } from "./atoms.ts";

/** Puts a configuration over the live object. Shares with both what one of them alone decides. */
export function mergeObjects(live: unknown, config: unknown, schema: Schema): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const atom = atomOf(schema, config ?? live);
  if (atom.kind === "map" && (isMembers(live) || live === null) && (isMembers(config) || config === null)) {
    return mergeMembers(live ?? {}, config ?? {}, schema);
  }
  if (atom.kind === "list" && (Array.isArray(live) || live === null) && (Array.isArray(config) || config === null)) {
    return mergeLists(live ?? [], config ?? [], atom.schema);
  }
  return config;
}

function mergeMembers(live: Members, config: Members, schema: Schema): unknown {
  const merged: Record<string, unknown> = { ...live };
  for (const name in config) {
    setMember(merged, name, mergeObjects(live[name], config[name], memberSchema(schema, name).schema));
  }
  return merged;
}

/**
 * Items of the configuration come in its order; items that only the live list has keep their place before the next
 * item that both have.
 */
function mergeLists(live: readonly unknown[], config: readonly unknown[], schema: ListSchema): unknown {
  if (live.length === 0) return config;
  if (config.length === 0) return live;
  const wanted = index(config, schema);
  const present = index(live, schema);
  const merged: unknown[] = [];
  const placed = new Set<string>();
  const shared = wanted.order.filter((element) => present.items.has(element));
  let [l, c, nextShared] = [0, 0, 0];
  while (l < live.length || c < config.length) {
    const [left, right] = [present.order[l], wanted.order[c]];
    if (left !== undefined && left === right) l++;
    else if (left !== undefined && !wanted.items.has(left)) {
      merged.push(live[l++]);
      continue;
    } else if (left !== undefined && right !== undefined && nextShared < shared.length && shared[nextShared] !== left) {
      // It comes later in the configuration, and other shared items come before it there.
      l++;
      continue;
    } else if (left !== undefined && placed.has(left)) l++;
    if (right === undefined) continue;
    merged.push(mergeItem(right, present, wanted, schema));
    placed.add(right);
    if (shared[nextShared] === right) nextShared++;
    c++;
  }
  return merged;
}

interface Indexed {
  readonly order: readonly string[];
  readonly items: ReadonlyMap<string, unknown>;
}

/** Where a key comes twice its item counts as absent, as upstream has it. */
function index(list: readonly unknown[], schema: ListSchema): Indexed {
  const order: string[] = [];
  const items = new Map<string, unknown>();
  list.forEach((item, at) => {
    const element = knownElement(schema, item, at);
    order.push(element);
    items.set(element, items.has(element) ? undefined : item);
  });
  return { order, items };
}

function mergeItem(element: string, live: Indexed, config: Indexed, schema: ListSchema): unknown {
  return mergeObjects(live.items.get(element), config.items.get(element), schema.items);
}
