import { isQuantity, parseQuantity } from "../../quantity/cache.ts";
import { Quantity } from "../../quantity/quantity.ts";
import { define, type Library, method, traverseFirst } from "../functions.ts";
import { boolType, doubleType, intType, opaque, stringType } from "../types.ts";
import { CelError, OpaqueValue } from "../values.ts";
import { addSmall, integerOf, negated, type SmallAmount, smallOf } from "./small-amount.ts";

const quantityType = opaque("kubernetes.Quantity");

class QuantityValue extends OpaqueValue {
  readonly typeName = "kubernetes.Quantity";
  readonly quantity: Quantity;
  /** Undefined: upstream would keep it as a decimal, and see no integer in it. */
  readonly small: SmallAmount | undefined;
  constructor(quantity: Quantity, small: SmallAmount | undefined) {
    super();
    this.quantity = quantity;
    this.small = small;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof QuantityValue && this.quantity.compare(other.quantity) === 0;
  }
}

type Q = QuantityValue;
const parsing = { cost: traverseFirst };

function parse(text: string): Q {
  try {
    return new QuantityValue(parseQuantity(text), smallOf(text));
  } catch (error) {
    throw new CelError(error instanceof Error ? error.message : "invalid quantity");
  }
}

function asInteger({ small }: Q): bigint {
  const whole = integerOf(small);
  if (whole === undefined) throw new CelError("cannot convert value to integer");
  return whole;
}

const compare = (a: Q, b: Q) => a.quantity.compare(b.quantity);
const whole = (value: bigint) => new QuantityValue(Quantity.fromValue(value), { value, scale: 0 });
const add = (a: Q, b: Q) => new QuantityValue(a.quantity.add(b.quantity), addSmall(a.small, b.small));
const subtract = (a: Q, b: Q) =>
  new QuantityValue(a.quantity.subtract(b.quantity), addSmall(a.small, negated(b.small)));

export const quantityLibrary: Library = {
  overloads: [
    define("quantity", [stringType], quantityType, parse, parsing),
    define("isQuantity", [stringType], boolType, (text: string) => isQuantity(text), parsing),
    // Upstream declares it as a function, where its documentation has a method.
    define("sign", [quantityType], intType, ({ quantity }: Q) => BigInt(quantity.sign)),
    method("isInteger", [quantityType], boolType, ({ small }: Q) => integerOf(small) !== undefined),
    method("asInteger", [quantityType], intType, asInteger),
    method("asApproximateFloat", [quantityType], doubleType, ({ quantity }: Q) => quantity.toNumber()),
    method("isGreaterThan", [quantityType, quantityType], boolType, (a: Q, b: Q) => compare(a, b) > 0),
    method("isLessThan", [quantityType, quantityType], boolType, (a: Q, b: Q) => compare(a, b) < 0),
    method("compareTo", [quantityType, quantityType], intType, (a: Q, b: Q) => BigInt(compare(a, b))),
    method("add", [quantityType, quantityType], quantityType, add),
    method("add", [quantityType, intType], quantityType, (a: Q, b: bigint) => add(a, whole(b))),
    method("sub", [quantityType, quantityType], quantityType, subtract),
    method("sub", [quantityType, intType], quantityType, (a: Q, b: bigint) => subtract(a, whole(b))),
  ],
};
