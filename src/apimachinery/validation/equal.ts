import { pointerFields } from "./pointer-fields.ts";

/**
 * Deep equality of JSON values as upstream's `Semantic.DeepEqual` sees them: absent, undefined, null, an empty list,
 * an empty map and an empty struct are all the same, but not a pointer to an empty struct.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return isEmpty(a) && isEmpty(b);
  if (Array.isArray(a)) return Array.isArray(b) ? equalLists(a, b) : isEmpty(a) && isEmpty(b);
  if (Array.isArray(b)) return isEmpty(a) && isEmpty(b);
  return equalObjects(a as Record<string, unknown>, b as Record<string, unknown>);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) {
    const owner = value as Record<string, unknown>;
    if (!isEmpty(owner[key]) || isPointer(key, owner)) return false;
  }
  return true;
}

function isPointer(key: string, owner: Record<string, unknown>): boolean {
  const value = owner[key];
  if (typeof value !== "object" || value === null || Array.isArray(value) || !pointerFields.has(key)) return false;
  // Of requests for devices it is a pointer, of volumes, nodes and devices a map.
  return key !== "capacity" || "deviceClassName" in owner;
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!semanticEqual(a[i], b[i])) return false;
  return true;
}

function equalObjects(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const key in a) {
    const other = b[key];
    if (!semanticEqual(a[key], other)) return false;
    if ((other === undefined || other === null) && isPointer(key, a)) return false;
  }
  for (const key in b) {
    const mine = a[key];
    if ((mine === undefined || mine === null) && (!isEmpty(b[key]) || isPointer(key, b))) return false;
  }
  return true;
}

/** Deep equality of JSON values, where absence differs from an empty list or map. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]));
}
