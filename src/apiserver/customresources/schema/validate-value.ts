import type { JSONSchemaProps } from "../../../api/index.ts";
import { deepEqual, type FieldError, stringFormat } from "../../../apimachinery/index.ts";
import type { Correlation } from "./correlation.ts";
import { Findings, invalidAt, nowhere, tooManyAt, wrongType } from "./findings.ts";
import { formatOf } from "./formats.ts";
import { checkNumber, isInt64, isNearlyInteger, nearest } from "./numbers.ts";
import { compilePattern } from "./patterns.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface ValueCheckOptions {
  /** Where the value stands; put in front of every field. */
  readonly prefix?: string;
  /** On updates: what is wrong in parts that have not changed is let pass. */
  readonly correlation?: Correlation | undefined;
}

/**
 * Checks a value against an OpenAPI schema. Order, wording and what is said of alternatives are those of upstream's
 * validator (`kube-openapi/pkg/validation/validate`).
 */
export function validateValue(value: unknown, schema: JSONSchemaProps, options: ValueCheckOptions = {}): FieldError[] {
  const { prefix = "", correlation } = options;
  const findings = check(value, schema, "", undefined);
  if (findings.valid) return [];
  // What has not changed is told apart only when something is wrong at all.
  return correlation === undefined ? findings.errors(prefix) : ratcheted(value, schema, "", correlation).errors(prefix);
}

function ratcheted(value: unknown, schema: JSONSchemaProps, at: string, correlation: Correlation): Findings {
  const findings = check(value, schema, at, correlation);
  if (findings.valid || !correlation.unchanged) return findings;
  const passed = new Findings();
  passed.matches = findings.matches;
  return passed;
}

function below(value: unknown, schema: JSONSchemaProps, at: string, correlation: Correlation | undefined): Findings {
  return correlation === undefined ? check(value, schema, at, undefined) : ratcheted(value, schema, at, correlation);
}

function check(value: unknown, schema: JSONSchemaProps, at: string, correlation: Correlation | undefined): Findings {
  const findings = new Findings();
  checkType(value, schema, at, findings);
  if (value === null) {
    checkEnum(value, schema, at, findings);
    return findings;
  }
  checkAlternatives(value, schema, at, findings, correlation);
  findings.matches++;
  if (typeof value === "string") checkString(value, schema, at, findings);
  else if (typeof value === "number" || typeof value === "bigint") checkNumber(nearest(value), schema, at, findings);
  else if (Array.isArray(value)) checkArray(value, schema, at, findings, correlation);
  checkEnum(value, schema, at, findings);
  if (typeof value === "object" && !Array.isArray(value))
    checkObject(value as Fields, schema, at, findings, correlation);
  findings.matches += typeof value === "boolean" ? 2 : 3;
  return findings;
}

/** The JSON type and, of numbers, the format that upstream sees. */
function typeOf(value: unknown): { readonly type: string; readonly format: string } {
  if (Array.isArray(value)) return { type: "array", format: "" };
  if (typeof value === "bigint") return { type: "integer", format: "int64" };
  if (typeof value === "number")
    return isInt64(value) ? { type: "integer", format: "int64" } : { type: "number", format: "float64" };
  return { type: typeof value, format: "" };
}

function checkType(value: unknown, schema: JSONSchemaProps, at: string, findings: Findings): void {
  const types =
    schema["x-kubernetes-int-or-string"] === true ? ["integer", "string"] : schema.type ? [schema.type] : [];
  const wanted = formatOf(schema);
  if (value === null) {
    if (types.length > 0 && schema.nullable !== true) findings.add(wrongType(at, types.join(","), "null"));
    else findings.matches++;
    return;
  }
  if (types.length === 0 && wanted === "") return;
  findings.matches++;
  const { type, format } = typeOf(value);
  const numeric = types.includes("number") || types.includes("integer");
  const fits =
    types.includes(type) ||
    (type === "number" && types.includes("integer") && isNearlyInteger(value as number)) ||
    (type === "integer" && types.includes("number"));
  const textual = typeof value === "string" || Array.isArray(value);
  if (!textual && wanted !== "" && !fits && format !== wanted) findings.add(wrongType(at, wanted, format));
  // A format vouches for texts, and upstream does not look further at lists.
  else if (textual && !numeric && wanted !== "") findings.matches++;
  else if (fits) findings.matches++;
  else findings.add(wrongType(at, types.join(","), type));
}

function checkEnum(value: unknown, schema: JSONSchemaProps, at: string, findings: Findings): void {
  const choices = schema.enum ?? [];
  if (choices.length === 0) return;
  if (value !== null && choices.some((choice) => choice !== null && isChoice(value, choice))) return;
  const texts = choices.map((choice) => (typeof choice === "string" ? choice : (JSON.stringify(choice) ?? "null")));
  const detail = `supported values: ${texts.map((text) => JSON.stringify(text)).join(", ")}`;
  findings.add({
    at,
    type: "FieldValueNotSupported",
    badValue: value,
    detail,
    text: `${at} should be one of ${detail}`,
  });
}

/** Upstream compares after it has turned the value into the choice's kind of number. */
function isChoice(value: unknown, choice: unknown): boolean {
  if (typeof value === "number" && typeof choice === "number" && isInt64(choice)) return Math.trunc(value) === choice;
  return deepEqual(value, choice);
}

function checkString(value: string, schema: JSONSchemaProps, at: string, findings: Findings): void {
  checkLength(value, schema, at, findings);
  const format = formatOf(schema);
  if (format === "") return;
  findings.matches++;
  if (stringFormat(format)?.(value) === false) findings.add(wrongType(at, format, value));
}

function checkLength(value: string, schema: JSONSchemaProps, at: string, findings: Findings): void {
  const { maxLength, minLength, pattern } = schema;
  const length = maxLength === undefined && minLength === undefined ? 0 : [...value].length;
  if (maxLength !== undefined && length > maxLength) {
    const detail = `may not be more than ${maxLength} ${maxLength === 1 ? "byte" : "bytes"}`;
    const text = `${at} in body should be at most ${maxLength} chars long`;
    findings.add({ at, type: "FieldValueTooLong", badValue: "", detail, text });
  } else if (minLength !== undefined && length < minLength) {
    findings.add(invalidAt(at, value, `should be at least ${minLength} chars long`));
  } else if (pattern !== undefined && pattern !== "" && !compilePattern(pattern).test(value)) {
    findings.add(invalidAt(at, value, `should match '${pattern}'`));
  }
}

function checkArray(
  value: readonly unknown[],
  schema: JSONSchemaProps,
  at: string,
  findings: Findings,
  correlation: Correlation | undefined,
): void {
  const { maxItems, minItems, uniqueItems } = schema;
  const items = schema.items as JSONSchemaProps | undefined;
  if (items !== undefined) {
    for (const [index, item] of value.entries())
      findings.merge(below(item, items, `${at}[${index}]`, correlation?.element(index)));
  }
  if (minItems !== undefined && value.length < minItems)
    findings.add(invalidAt(at, value.length, `should have at least ${minItems} items`));
  if (maxItems !== undefined && value.length > maxItems) findings.add(tooManyAt(at, value.length, maxItems, "items"));
  if (uniqueItems === true && hasDuplicates(value)) findings.add(invalidAt(at, "", "shouldn't contain duplicates"));
  findings.matches++;
}

function hasDuplicates(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size < values.length;
}

function checkObject(
  value: Fields,
  schema: JSONSchemaProps,
  at: string,
  findings: Findings,
  correlation: Correlation | undefined,
): void {
  const { maxProperties, minProperties, properties = {} } = schema;
  const names = Object.keys(value);
  if (minProperties !== undefined && names.length < minProperties)
    findings.add(invalidAt(at, names.length, `should have at least ${minProperties} properties`));
  if (maxProperties !== undefined && names.length > maxProperties)
    findings.add(tooManyAt(at, names.length, maxProperties, "properties"));
  const additional = schema.additionalProperties;
  for (const name of names) {
    // Of the kind and version the old ones cannot be seen: both were converted.
    const beside = at === "" && (name === "kind" || name === "apiVersion") ? undefined : correlation?.field(name);
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known !== undefined) findings.merge(below(value[name], known, at === "" ? name : `${at}.${name}`, beside));
    else if (typeof additional === "object") findings.merge(below(value[name], additional, `${at}.${name}`, beside));
  }
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(value, name)) continue;
    const place = `${at}.${name}`;
    findings.add({
      at: place,
      type: "FieldValueRequired",
      badValue: "",
      detail: "",
      text: `${place} in body is required`,
    });
  }
}

function checkAlternatives(
  value: unknown,
  schema: JSONSchemaProps,
  at: string,
  findings: Findings,
  correlation: Correlation | undefined,
): void {
  const { anyOf, oneOf, allOf, not } = schema;
  const subject = JSON.stringify(at);
  const tried = (list: readonly JSONSchemaProps[]) => list.map((one) => check(value, one, at, correlation));
  if (anyOf !== undefined && anyOf.length > 0) {
    const results = tried(anyOf);
    const passed = results.find(({ valid }) => valid);
    if (passed === undefined) findings.add(nowhere(`${subject} must validate at least one schema (anyOf)`));
    findings.merge(passed ?? mostTried(results));
  }
  if (oneOf !== undefined && oneOf.length > 0) {
    const results = tried(oneOf);
    const passed = results.filter(({ valid }) => valid);
    if (passed.length !== 1) {
      const found = passed.length === 0 ? "Found none valid" : `Found ${passed.length} valid alternatives`;
      findings.add(nowhere(`${subject} must validate one and only one schema (oneOf). ${found}`));
    }
    if (passed.length < 2) findings.merge(passed[0] ?? mostTried(results));
  }
  if (allOf !== undefined && allOf.length > 0) {
    const results = tried(allOf);
    for (const result of results) findings.merge(result);
    const passed = results.filter(({ valid }) => valid).length;
    const none = passed === 0 ? ". None validated" : "";
    if (passed !== results.length) findings.add(nowhere(`${subject} must validate all the schemas (allOf)${none}`));
  }
  if (not !== undefined && check(value, not, at, correlation).valid)
    findings.add(nowhere(`${subject} must not validate the schema (not)`));
  findings.matches++;
}

/** The alternative that came furthest; the first of several. */
function mostTried(results: readonly Findings[]): Findings {
  return results.reduce((best, one) => (one.matches > best.matches ? one : best), results[0] ?? new Findings());
}
