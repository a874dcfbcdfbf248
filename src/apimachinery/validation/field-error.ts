import type { FieldError, FieldErrorType } from "./contract.ts";
import type { FieldPath } from "./field-path.ts";
import { goJson } from "../schema/go-json.ts";
import { nilList } from "../schema/values.ts";
import { goNumber } from "./go-number.ts";
import { quote } from "./quote.ts";

type Path = FieldPath | string;

const titles: Readonly<Record<FieldErrorType, string>> = {
  FieldValueNotFound: "Not found",
  FieldValueRequired: "Required value",
  FieldValueDuplicate: "Duplicate value",
  FieldValueInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueForbidden: "Forbidden",
  FieldValueTooLong: "Too long",
  FieldValueTooShort: "Too short",
  FieldValueTooMany: "Too many",
  FieldValueTooFew: "Too few",
  InternalError: "Internal error",
  FieldValueTypeInvalid: "Invalid value",
};

/** The kinds of error whose text leaves the value out. */
const withoutValue: ReadonlySet<FieldErrorType> = new Set([
  "FieldValueRequired",
  "FieldValueForbidden",
  "FieldValueTooLong",
  "FieldValueTooShort",
  "InternalError",
]);

/** A value that upstream shows as Go's `%#v` does, not as JSON. */
export class GoSyntax {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Stands in for a value that must not be shown (secrets, or lists too long to print). */
export const omittedValue: unique symbol = Symbol("omitted value");

function fieldError(type: FieldErrorType, path: Path, badValue: unknown, detail: string): FieldError {
  return { type, field: path.toString(), badValue, detail };
}

export function notFound(path: Path, value: unknown): FieldError {
  return fieldError("FieldValueNotFound", path, value, "");
}

export function required(path: Path, detail = ""): FieldError {
  return fieldError("FieldValueRequired", path, "", detail);
}

export function duplicate(path: Path, value: unknown): FieldError {
  return fieldError("FieldValueDuplicate", path, value, "");
}

export function invalid(path: Path, value: unknown, detail: string): FieldError {
  return fieldError("FieldValueInvalid", path, value, detail);
}

export function typeInvalid(path: Path, value: unknown, detail: string): FieldError {
  return fieldError("FieldValueTypeInvalid", path, value, detail);
}

/** `supported` is listed in the order given; upstream mostly sorts it first. */
export function notSupported(path: Path, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? "" : `supported values: ${supported.map(quote).join(", ")}`;
  return fieldError("FieldValueNotSupported", path, value, detail);
}

export function forbidden(path: Path, detail: string): FieldError {
  return fieldError("FieldValueForbidden", path, "", detail);
}

/** `limit` in bytes; below zero: not stated. */
export function tooLong(path: Path, limit: number): FieldError {
  const detail = limit < 0 ? "value is too long" : `may not be more than ${limit} ${limit === 1 ? "byte" : "bytes"}`;
  return fieldError("FieldValueTooLong", path, "<value omitted>", detail);
}

/** `limit` in characters. */
export function tooLongCharacters(path: Path, limit: number): FieldError {
  const unit = limit === 1 ? "character" : "characters";
  const detail = limit < 0 ? "value is too long" : `may not be more than ${limit} ${unit}`;
  return fieldError("FieldValueTooLong", path, "<value omitted>", detail);
}

export function tooShort(path: Path, value: string, least: number): FieldError {
  const detail =
    least < 0 ? "value is too short" : `must be at least ${least} ${least === 1 ? "character" : "characters"}`;
  return fieldError("FieldValueTooShort", path, value, detail);
}

/** `actual` below zero is not shown. */
export function tooMany(path: Path, actual: number, most: number): FieldError {
  const detail = most < 0 ? "has too many items" : `must have at most ${most} ${most === 1 ? "item" : "items"}`;
  return fieldError("FieldValueTooMany", path, actual < 0 ? omittedValue : actual, detail);
}

export function tooFew(path: Path, actual: number, least: number): FieldError {
  const detail = least < 0 ? "has too few items" : `must have at least ${least} ${least === 1 ? "item" : "items"}`;
  return fieldError("FieldValueTooFew", path, actual, detail);
}

export function internal(path: Path, message: string): FieldError {
  return fieldError("InternalError", path, message, message);
}

/** The message without the field, as in `details.causes[].message`. */
export function fieldErrorBody(error: FieldError): string {
  const title = titles[error.type];
  const value = shownValue(error);
  const head = value === undefined ? title : `${title}: ${value}`;
  return error.detail === "" ? head : `${head}: ${error.detail}`;
}

function shownValue(error: FieldError): string | undefined {
  const value = error.badValue;
  if (withoutValue.has(error.type) || value === omittedValue) return undefined;
  if (typeof value === "string") return quote(value);
  if (value instanceof GoSyntax) return value.text;
  if (value === nilList) return "null";
  return typeof value === "bigint" || typeof value === "number" ? goNumber(value) : goJson(value);
}

/** `spec.x: Invalid value: "y": must be…` */
export function fieldErrorMessage(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

/** The text of several errors: one stands alone, more become `[a, b]`; repeated texts are said once. */
export function aggregateFieldErrors(errors: readonly FieldError[]): string {
  return aggregateMessages(errors.map(fieldErrorMessage));
}

/** `utilerrors.Aggregate`: one message stands alone, several distinct ones become `[a, b]`. */
export function aggregateMessages(messages: readonly string[]): string {
  const distinct = [...new Set(messages)];
  return distinct.length === 1 ? (distinct[0] ?? "") : `[${distinct.join(", ")}]`;
}
