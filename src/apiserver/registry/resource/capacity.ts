import type { resourceV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  parseQuantity,
  type Quantity,
  required,
} from "../../../apimachinery/index.ts";
import type { Errors } from "../common/check.ts";
import { checkSet } from "./names.ts";

type Policy = resourceV1.CapacityRequestPolicy;
type Range = resourceV1.CapacityRequestPolicyRange;

const valuesMax = 10;

/** `shared`: whether the device may be allocated more than once, each time a part of it. */
export function checkCapacity(
  { value, requestPolicy: policy }: resourceV1.DeviceCapacity,
  shared: boolean,
  path: FieldPath,
  errors: Errors,
): void {
  if (policy === undefined) return;
  const at = path.child("requestPolicy");
  if (!shared) {
    errors.push(forbidden(at, "allowMultipleAllocations must be true"));
    return;
  }
  const { validValues = [], validRange } = policy;
  if (validValues.length > 0 && validRange !== undefined) {
    const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    errors.push(forbidden(at, why));
  } else if (validValues.length > 0) checkValues(policy, parseQuantity(value), at, errors);
  else if (validRange !== undefined) checkRange(policy, validRange, parseQuantity(value), at, errors);
}

function checkValues(
  { default: chosen, validValues = [] }: Policy,
  capacity: Quantity,
  path: FieldPath,
  errors: Errors,
): void {
  if (chosen === undefined) {
    errors.push(required(path.child("default"), "required when validValues is defined"));
    return;
  }
  const at = path.child("validValues");
  const amounts = validValues.map(parseQuantity);
  for (const [index, amount] of amounts.entries()) {
    const previous = amounts[index - 1];
    if (previous === undefined || previous.compare(amount) <= 0) continue;
    errors.push(invalid(at.index(index), amount.toString(), "values must be sorted in ascending order"));
  }
  checkSet(
    amounts,
    valuesMax,
    (amount) => String(amount.value()),
    at,
    errors,
    (amount, onePath) => {
      if (amount.compare(capacity) <= 0) return;
      errors.push(invalid(onePath, amount.toString(), `option is larger than capacity value: ${capacity.toString()}`));
    },
  );
  const wanted = parseQuantity(chosen);
  if (amounts.some((amount) => amount.compare(wanted) === 0)) return;
  errors.push(invalid(at, wanted.toString(), "default value is not valid according to the requestPolicy"));
}

function checkRange(
  { default: chosen }: Policy,
  range: Range,
  capacity: Quantity,
  path: FieldPath,
  errors: Errors,
): void {
  if (chosen === undefined) {
    errors.push(required(path.child("default"), "required when validRange is defined"));
    return;
  }
  const at = path.child("validRange");
  if (range.min === undefined)
    return void errors.push(required(at.child("min"), "required when validRange is defined"));
  const wanted = parseQuantity(chosen);
  const least = parseQuantity(range.min);
  const most = range.max === undefined ? undefined : parseQuantity(range.max);
  const larger = (one: Quantity, other: Quantity, field: string, shown: Quantity, why: string) => {
    if (one.compare(other) > 0) errors.push(invalid(at.child(field), shown.toString(), `${why}: ${other.toString()}`));
  };
  larger(least, capacity, "min", least, "min is larger than capacity value");
  if (wanted.compare(least) < 0) {
    errors.push(invalid(at.child("min"), wanted.toString(), `default is less than min: ${least.toString()}`));
  }
  if (most !== undefined) {
    larger(least, most, "max", least, "min is larger than max");
    larger(most, capacity, "max", most, "max is larger than capacity value");
    larger(wanted, most, "max", wanted, "default is more than max");
  }
  if (range.step === undefined) return;
  checkStep(parseQuantity(range.step), { wanted, least, most, capacity }, at, errors);
}

interface Bounds {
  readonly wanted: Quantity;
  readonly least: Quantity;
  readonly most: Quantity | undefined;
  readonly capacity: Quantity;
}

function checkStep(step: Quantity, { wanted, least, most, capacity }: Bounds, path: FieldPath, errors: Errors): void {
  const at = path.child("step");
  // Upstream divides by it all the same, and answers nothing.
  if (step.sign === 0) {
    errors.push(invalid(at, step.toString(), "must be greater than zero"));
    return;
  }
  const next = least.add(step);
  if (next.compare(capacity) > 0) {
    const why = `one step ${next.toString()} is larger than capacity value: ${capacity.toString()}`;
    errors.push(invalid(at, step.toString(), why));
  }
  for (const amount of most === undefined ? [wanted] : [wanted, most]) {
    if ((amount.scaled(0) - least.scaled(0)) % step.scaled(0) === 0n) continue;
    const why = `value is not a multiple of a given step (${step.toString()}) from (${least.toString()})`;
    errors.push(invalid(at, amount.toString(), why));
  }
}
