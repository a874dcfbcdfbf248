import { Quantity } from "./quantity.ts";

const capacity = 4096;
const parsed = new Map<string, Quantity>();

/**
 * Parses through a bounded cache: the same few texts come up again and again in requests and limits.
 * Throws `QuantityError`.
 */
export function parseQuantity(text: string): Quantity {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const quantity = Quantity.parse(text);
  if (parsed.size >= capacity) parsed.clear();
  if (text.length <= 32) parsed.set(text, quantity);
  return quantity;
}

/** The text upstream would store for this one. Throws `QuantityError`. */
export function canonicalQuantity(text: string): string {
  return parseQuantity(text).toString();
}

export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}
