import type { FieldError } from "../validation/contract.ts";
import { aggregateFieldErrors, invalid, notSupported } from "../validation/field-error.ts";
import { isQualifiedName, isValidLabelValue } from "../validation/strings.ts";

/** Operators as upstream's `selection` package spells them. */
export type LabelOperator = "!" | "=" | "==" | "!=" | "in" | "notin" | "exists" | "gt" | "lt";

/** A selector that cannot be parsed. `message` is upstream's. */
export class SelectorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SelectorError";
  }
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

export const binaryOperators: readonly string[] = ["in", "notin", "=", "==", "!=", "gt", "lt"];
const requirementOperators: readonly string[] = [...binaryOperators, "exists", "!"];

/** Throws `SelectorError` with every rule the requirement breaks. `path` is empty for a selector in a query. */
export function newRequirement(
  key: string,
  operator: LabelOperator,
  values: readonly string[],
  path = "<nil>",
): LabelRequirement {
  const inner = path === "<nil>" ? "" : `${path}.`;
  const errors: FieldError[] = [];
  const keyMessages = isQualifiedName(key);
  if (keyMessages.length > 0) errors.push(invalid(`${inner}key`, key, keyMessages.join("; ")));
  const countError = checkCount(operator, values, `${inner}values`);
  if (countError !== undefined) errors.push(countError);
  if (operator === "gt" || operator === "lt") errors.push(...checkIntegers(values, `${inner}values`));
  if (!requirementOperators.includes(operator)) {
    errors.push(notSupported(`${inner}operator`, operator, requirementOperators));
  }
  values.forEach((value, index) => {
    const messages = isValidLabelValue(value);
    if (messages.length > 0) errors.push(invalid(`${inner}values[${index}][${key}]`, value, messages.join("; ")));
  });
  if (errors.length > 0) throw new SelectorError(aggregateFieldErrors(errors));
  return { key, operator, values };
}

function checkCount(operator: LabelOperator, values: readonly string[], path: string): FieldError | undefined {
  switch (operator) {
    case "in":
    case "notin":
      if (values.length > 0) return undefined;
      return invalid(path, values, "for 'in', 'notin' operators, values set can't be empty");
    case "=":
    case "==":
    case "!=":
      return values.length === 1
        ? undefined
        : invalid(path, values, "exact-match compatibility requires one single value");
    case "exists":
    case "!":
      return values.length === 0
        ? undefined
        : invalid(path, values, "values set must be empty for exists and does not exist");
    default:
      return values.length === 1
        ? undefined
        : invalid(path, values, "for 'Gt', 'Lt' operators, exactly one value is required");
  }
}

function checkIntegers(values: readonly string[], path: string): FieldError[] {
  return values
    .map((value, index) => ({ value, index }))
    .filter(({ value }) => parseInt64(value) === undefined)
    .map(({ value, index }) =>
      invalid(`${path}[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"),
    );
}

/** A decimal int64, or undefined. */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[-+]?[0-9]{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

export function requirementText({ key, operator, values }: LabelRequirement): string {
  const list = [...values].sort().join(",");
  switch (operator) {
    case "!":
      return `!${key}`;
    case "exists":
      return key;
    case "in":
    case "notin":
      return `${key} ${operator} (${list})`;
    case "gt":
      return `${key}>${list}`;
    case "lt":
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}
