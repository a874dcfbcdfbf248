/** Lists that strategic merge joins by a key, of those that controllers patch. */
const mergeKeys: Readonly<Record<string, string>> = { ownerReferences: "uid", conditions: "type" };
/** Lists of plain values that it joins. */
const mergeSets: ReadonlySet<string> = new Set(["finalizers"]);

/** Strategic merge for the few lists above; everything else as in a merge patch. */
export function strategicPatch(target: unknown, patch: unknown): unknown {
  return merge(target, patch, true);
}

/** RFC 7386. The target may be changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  return merge(target, patch, false);
}

function merge(target: unknown, patch: unknown, strategic: boolean): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? target : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (strategic && Array.isArray(value)) result[name] = mergeList(name, result[name], value);
    else result[name] = merge(result[name], value, strategic);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mergeList(name: string, current: unknown, patch: readonly unknown[]): unknown {
  const items: unknown[] = Array.isArray(current) ? current : [];
  if (mergeSets.has(name)) return [...new Set([...items, ...patch])];
  const key = mergeKeys[name];
  if (key === undefined) return patch;
  const result = [...items];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const at = result.findIndex((other) => isObject(other) && other[key] === item[key]);
    if (item["$patch"] === "delete") {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = merge(result[at], item, true);
    else result.push(item);
  }
  return result;
}
