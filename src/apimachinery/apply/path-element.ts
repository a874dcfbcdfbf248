import { goJson } from "../schema/go-json.ts";
import { quote } from "../validation/quote.ts";

/**
 * One step of a path in the form of FieldsV1: `f:name` a field or map key, `k:{"name":"x"}` an item of a list of maps,
 * `v:"x"` an item of a set, `i:0` a place in a list.
 */
export type PathElement = string;

const ranks: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

/** Upstream's order: fields, then keys, values and indexes; numbers by value. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  const kind = a[0] ?? "";
  const difference = (ranks[kind] ?? 4) - (ranks[b[0] ?? ""] ?? 4);
  if (difference !== 0) return difference;
  if (kind === "f") return a < b ? -1 : 1;
  const [left, right] = [contentOf(a), contentOf(b)];
  if (kind !== "k") return compareScalars(left, right);
  return compareKeys(left as Record<string, unknown>, right as Record<string, unknown>);
}

function contentOf(element: PathElement): unknown {
  return JSON.parse(element.slice(2));
}

function compareKeys(a: Record<string, unknown>, b: Record<string, unknown>): number {
  const [left, right] = [Object.keys(a), Object.keys(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [leftName = "", rightName = ""] = [left[i], right[i]];
    if (leftName !== rightName) return leftName < rightName ? -1 : 1;
    const order = compareScalars(a[leftName], b[rightName]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

const typeRanks: Readonly<Record<string, number>> = { number: 0, string: 1, boolean: 2 };

function compareScalars(a: unknown, b: unknown): number {
  const difference = (typeRanks[typeof a] ?? 3) - (typeRanks[typeof b] ?? 3);
  if (difference !== 0) return difference;
  if (typeof a === "object" || typeof b === "object") {
    const [left, right] = [goJson(a), goJson(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
}

/** As upstream prints it in messages: `.spec`, `[name="web"]`, `[="x"]`, `[0]`. */
export function elementText(element: PathElement): string {
  switch (element[0]) {
    case "f":
      return `.${element.slice(2)}`;
    case "k": {
      const parts = Object.entries(contentOf(element) as object).map(([name, value]) => `${name}=${scalarText(value)}`);
      return `[${parts.join(",")}]`;
    }
    case "v":
      return `[=${scalarText(contentOf(element))}]`;
    default:
      return `[${element.slice(2)}]`;
  }
}

function scalarText(value: unknown): string {
  return typeof value === "string" ? quote(value) : JSON.stringify(value);
}

/**
 * The element as this code would have written it, or undefined for an element of an unknown kind, which is dropped.
 * Throws where it cannot be parsed.
 */
export function canonicalElement(element: string): PathElement | undefined {
  if (element.length < 2) throw new Error("key must be 2 characters long:");
  if (element[1] !== ":") throw new Error(`missing colon: ${element}`);
  switch (element[0]) {
    case "f":
      return element;
    case "v":
      return `v:${goJson(contentOf(element))}`;
    case "k": {
      const content = contentOf(element);
      if (typeof content !== "object" || content === null) throw new Error(`expected an object: ${element}`);
      return keyElement(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    case "i":
      if (!/^i:-?[0-9]+$/.test(element)) throw new Error(`invalid index: ${element}`);
      return element;
    default:
      return undefined;
  }
}

/** `entries` sorted by name. */
export function keyElement(entries: readonly (readonly [string, unknown])[]): PathElement {
  return `k:{${entries.map(([name, value]) => `"${name}":${goJson(value)}`).join(",")}}`;
}
