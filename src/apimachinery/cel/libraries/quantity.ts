import { isQuantity, parseQuantity } from "../../quantity/cache.ts";
import { Quantity } from "../../quantity/quantity.ts";
import { define, type Library, method, traverseFirst } from "../functions.ts";
import { int64 } from "../numbers.ts";
import { boolType, doubleType, intType, opaque, stringType } from "../types.ts";
import { CelError, OpaqueValue } from "../values.ts";

const quantityType = opaque("kubernetes.Quantity");

class QuantityValue extends OpaqueValue {
  readonly typeName = "kubernetes.Quantity";
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof QuantityValue && this.quantity.compare(other.quantity) === 0;
  }
}

type Q = QuantityValue;
const parsing = { cost: traverseFirst };

function parse(text: string): Q {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    throw new CelError(error instanceof Error ? error.message : "invalid quantity");
  }
}

function isInteger({ quantity }: Q): boolean {
  return quantity.isWhole() && quantity.scaled(0) >= -(2n ** 63n) && quantity.scaled(0) < 2n ** 63n;
}

function asInteger(value: Q): bigint {
  if (!isInteger(value)) throw new CelError("cannot convert value to integer");
  return int64(value.quantity.scaled(0));
}

const compare = (a: Q, b: Q) => a.quantity.compare(b.quantity);
const whole = (value: bigint) => Quantity.fromValue(value);

export const quantityLibrary: Library = {
  overloads: [
    define("quantity", [stringType], quantityType, parse, parsing),
    define("isQuantity", [stringType], boolType, (text: string) => isQuantity(text), parsing),
    method("sign", [quantityType], intType, ({ quantity }: Q) => BigInt(quantity.sign)),
    method("isInteger", [quantityType], boolType, isInteger),
    method("asInteger", [quantityType], intType, asInteger),
    method("asApproximateFloat", [quantityType], doubleType, ({ quantity }: Q) => quantity.toNumber()),
    method("isGreaterThan", [quantityType, quantityType], boolType, (a: Q, b: Q) => compare(a, b) > 0),
    method("isLessThan", [quantityType, quantityType], boolType, (a: Q, b: Q) => compare(a, b) < 0),
    method("compareTo", [quantityType, quantityType], intType, (a: Q, b: Q) => BigInt(compare(a, b))),
    method(
      "add",
      [quantityType, quantityType],
      quantityType,
      (a: Q, b: Q) => new QuantityValue(a.quantity.add(b.quantity)),
    ),
    method(
      "add",
      [quantityType, intType],
      quantityType,
      (a: Q, b: bigint) => new QuantityValue(a.quantity.add(whole(b))),
    ),
    method(
      "sub",
      [quantityType, quantityType],
      quantityType,
      (a: Q, b: Q) => new QuantityValue(a.quantity.subtract(b.quantity)),
    ),
    method(
      "sub",
      [quantityType, intType],
      quantityType,
      (a: Q, b: bigint) => new QuantityValue(a.quantity.subtract(whole(b))),
    ),
  ],
};
