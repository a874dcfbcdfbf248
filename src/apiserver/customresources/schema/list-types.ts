import { duplicate, type FieldError, invalid } from "../../../apimachinery/index.ts";
import type { Structural } from "./structural.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Elements of sets, and keys of list maps, stand once. Upstream: `ValidateListSetsAndMaps`. */
export function checkListTypes(object: Fields, structural: Structural): FieldError[] {
  const errors: FieldError[] = [];
  if (structural.hasListTypes) walk(object, structural, "", errors);
  return errors;
}

function walk(value: unknown, structural: Structural, path: string, errors: FieldError[]): void {
  if (!structural.hasListTypes) return;
  if (Array.isArray(value)) {
    if (structural.listType === "set") checkSet(value, path, errors);
    if (structural.listType === "map") checkMap(value, structural.listKeys, path, errors);
    if (structural.items !== undefined)
      for (const [index, item] of value.entries()) walk(item, structural.items, `${path}[${index}]`, errors);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const { additional, properties } = structural;
  for (const [key, child] of Object.entries(value)) {
    const known = properties.get(key);
    if (known !== undefined) walk(child, known, path === "" ? key : `${path}.${key}`, errors);
    else if (typeof additional === "object") walk(child, additional, `${path}[${key}]`, errors);
  }
}

function checkSet(list: readonly unknown[], path: string, errors: FieldError[]): void {
  for (const index of repeated(list)) errors.push(duplicate(`${path}[${index}]`, list[index]));
}

function checkMap(list: readonly unknown[], keys: readonly string[], path: string, errors: FieldError[]): void {
  const odd = list.findIndex((item) => item !== null && (typeof item !== "object" || Array.isArray(item)));
  if (odd >= 0) {
    const why = "must be an object for an array of list-type map";
    errors.push(invalid(`${path}[${odd}]`, list[odd], why));
    return;
  }
  const identities = list.map((item) => identityOf((item ?? {}) as Fields, keys));
  for (const index of repeated(identities)) errors.push(duplicate(`${path}[${index}]`, identities[index]));
}

function identityOf(item: Fields, keys: readonly string[]): Fields {
  return Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(item, key) ? [[key, item[key]]] : [])));
}

/** Where an element stands for the second time; further repetitions are not told. */
function repeated(list: readonly unknown[]): number[] {
  const times = new Map<string, number>();
  const found: number[] = [];
  for (const [index, item] of list.entries()) {
    const text = canonical(item);
    const before = times.get(text) ?? 0;
    if (before === 1) found.push(index);
    times.set(text, before + 1);
  }
  return found;
}

/** JSON with the keys of objects in order. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? "null"
  );
}
