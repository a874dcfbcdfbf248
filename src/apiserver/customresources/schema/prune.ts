import type { Structural } from "./structural.ts";

type Fields = Record<string, unknown>;
const rootKeys = new Set(["apiVersion", "kind", "metadata"]);

/** Removes, in place, what the schema does not know. Returns the paths, sorted as upstream reports them. */
export function prune(value: unknown, structural: Structural, isRoot = true): string[] {
  const removed: string[] = [];
  walk(value, structural, isRoot, "", removed);
  return removed.toSorted();
}

function walk(value: unknown, structural: Structural, isRoot: boolean, path: string, removed: string[]): void {
  if (Array.isArray(value)) {
    const { items } = structural;
    if (items !== undefined)
      for (const [index, item] of value.entries()) walk(item, items, false, `${path}[${index}]`, removed);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const keepsRoot = isRoot || structural.embedded;
  for (const [key, child] of Object.entries(value as Fields)) {
    if (keepsRoot && rootKeys.has(key)) continue;
    const at = path === "" ? key : `${path}.${key}`;
    const schema = structural.properties.get(key) ?? structural.additional;
    if (schema === true) continue;
    if (schema !== undefined) walk(child, schema, false, at, removed);
    else if (!structural.preserveUnknown) {
      delete (value as Fields)[key];
      removed.push(at);
    }
  }
}
