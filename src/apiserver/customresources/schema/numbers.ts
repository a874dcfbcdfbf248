import type { JSONSchemaProps } from "../../../api/index.ts";
import { goNumber } from "../../../apimachinery/index.ts";
import { type Finding, type Findings, invalidAt, nowhere } from "./findings.ts";
import { formatOf } from "./formats.ts";

const int32Most = 2 ** 31 - 1;
const int64Limit = 2 ** 63;
const float32Most = 3.4028234663852886e38;

/** Whether upstream holds this number as an integer. */
export function isInt64(value: number): boolean {
  return Number.isInteger(value) && value < int64Limit && value >= -int64Limit;
}

/** Within 64 bits, however it is rounded. */
export function nearest(value: number | bigint): number {
  return typeof value === "number" ? value : Math.min(Number(value), int64Limit - 1024);
}

/** Whether a number is an integer but for rounding; of those that floating point holds exactly. */
export function isNearlyInteger(value: number): boolean {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  if (Number.isInteger(value)) return true;
  const whole = Math.trunc(value);
  return Math.abs(value - whole) / (Math.abs(value) + Math.abs(whole)) < 1e-9;
}

/** Limits of numbers: their format's range, multiples, and bounds. */
export function checkNumber(value: number, schema: JSONSchemaProps, at: string, findings: Findings): void {
  const kind = rangeOf(schema);
  const range = (number: number, what: string): boolean => {
    const problem = outOfRange(number, kind, what, at);
    if (problem !== undefined) findings.add(problem);
    return problem === undefined;
  };
  range(value, "Checked");
  const { multipleOf, maximum, minimum } = schema;
  if (multipleOf !== undefined) {
    const asInteger = range(multipleOf, "MultipleOf") && isInt64(value);
    add(findings, checkMultiple(value, asInteger ? Math.trunc(multipleOf) : multipleOf, asInteger, at));
  }
  if (minimum !== undefined) {
    const bound = range(minimum, "Minimum boundary") && isInt64(value) ? Math.trunc(minimum) : minimum;
    const exclusive = schema.exclusiveMinimum === true;
    if (exclusive ? value <= bound : value < bound)
      findings.add(invalidAt(at, value, `should be greater than ${exclusive ? "" : "or equal to "}${goNumber(bound)}`));
  }
  if (maximum !== undefined) {
    const bound = range(maximum, "Maximum boundary") && isInt64(value) ? Math.trunc(maximum) : maximum;
    const exclusive = schema.exclusiveMaximum === true;
    if (exclusive ? value >= bound : value > bound)
      findings.add(invalidAt(at, value, `should be less than ${exclusive ? "" : "or equal to "}${goNumber(bound)}`));
  }
  findings.matches++;
}

function add(findings: Findings, finding: Finding | undefined): void {
  if (finding !== undefined) findings.add(finding);
}

interface Range {
  readonly type: string;
  readonly format: string;
}

function rangeOf(schema: JSONSchemaProps): Range {
  const type = schema["x-kubernetes-int-or-string"] === true ? "" : (schema.type ?? "");
  return type === "integer" || type === "number" ? { type, format: formatOf(schema) } : { type: "", format: "" };
}

function outOfRange(value: number, { type, format }: Range, what: string, at: string): Finding | undefined {
  if (type === "integer") {
    const fits = format === "int32" ? value <= int32Most && value >= -int32Most - 1 : true;
    if (isInt64(value) && fits) return undefined;
  } else if (format !== "float" || Math.abs(value) <= float32Most) return undefined;
  const form = format === "" ? "(default format)" : `with format ${format}`;
  return nowhere(`${what} value must be of type ${type} ${form} in ${at}`);
}

function checkMultiple(value: number, factor: number, asInteger: boolean, at: string): Finding | undefined {
  if (factor <= 0) {
    const detail = `factor MultipleOf declared for ${at} must be positive: ${goNumber(factor)}`;
    return { at, type: "FieldValueInvalid", badValue: factor, detail, text: detail };
  }
  const holds = asInteger ? value % factor === 0 : isNearlyInteger(factor < 1 ? (1 / factor) * value : value / factor);
  return holds ? undefined : invalidAt(at, value, `should be a multiple of ${goNumber(factor)}`);
}
