import { parseQuantity } from "../apimachinery/index.ts";

/** The amount in whole units, rounded up. Absent counts as nothing. Throws `QuantityError`. */
export function quantityValue(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : parseQuantity(String(quantity)).value();
}

/** The amount in thousandths, rounded up. Absent counts as nothing. Throws `QuantityError`. */
export function quantityMilli(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : parseQuantity(String(quantity)).milliValue();
}
