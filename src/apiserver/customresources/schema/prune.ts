import type { Structural } from "./structural.ts";

type Fields = Record<string, unknown>;
const rootKeys = new Set(["apiVersion", "kind", "metadata"]);

/** Removes, in place, what the schema does not know. Returns the paths, sorted as upstream reports them. */
export function prune(value: unknown, structural: Structural | undefined, isRoot = true): string[] {
  const removed: string[] = [];
  walk(value, structural, { isRoot, path: "", removed });
  return removed.toSorted();
}

interface Place {
  readonly isRoot: boolean;
  readonly path: string;
  readonly removed: string[];
}

function walk(value: unknown, structural: Structural | undefined, place: Place): void {
  const { path, removed } = place;
  if (Array.isArray(value)) {
    const items = itemsOf(structural);
    if (items === "kept") return;
    for (const [index, item] of value.entries())
      walk(item, items, { isRoot: false, path: `${path}[${index}]`, removed });
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) walkField(value as Fields, key, structural, place);
}

/** In lists of a schema that keeps what it does not know, elements keep it too. */
function itemsOf(structural: Structural | undefined): Structural | undefined | "kept" {
  const { items, preserveUnknown = false } = structural ?? {};
  if (!preserveUnknown) return items;
  return items === undefined ? "kept" : { ...items, preserveUnknown: true };
}

function walkField(fields: Fields, key: string, structural: Structural | undefined, place: Place): void {
  const { isRoot, path, removed } = place;
  if ((isRoot || structural?.embedded === true) && rootKeys.has(key)) return;
  const at = path === "" ? key : `${path}.${key}`;
  const below = { isRoot: false, path: at, removed };
  const known = structural?.properties.get(key);
  const additional = structural?.additional;
  if (known !== undefined) walk(fields[key], known, below);
  // `true` says nothing of what is inside, so that objects there are emptied.
  else if (additional !== undefined) walk(fields[key], additional === true ? undefined : additional, below);
  else if (structural?.preserveUnknown !== true) {
    delete fields[key];
    removed.push(at);
  }
}
