import type { ScalarSchema, Schema } from "../schema/contract.ts";
import { goText, goTypeName } from "../patch/json-value.ts";
import { quote } from "../validation/quote.ts";
import { isMembers, itemElement, memberSchema } from "./atoms.ts";
import { elementText } from "./path-element.ts";

/** What keeps a configuration from being applied, worded as upstream does; empty where nothing does. */
export function configErrors(value: unknown, schema: Schema): readonly string[] {
  const errors: string[] = [];
  check(value, schema, "", errors);
  return errors;
}

/** One error stands alone, several stand below each other. */
export function configErrorText(errors: readonly string[]): string {
  return errors.length === 1 ? (errors[0] ?? "") : ["errors:", ...errors.map((error) => `  ${error}`)].join("\n");
}

function check(value: unknown, schema: Schema, path: string, errors: string[]): void {
  if (value === null || schema.type === "any") return;
  const say = (message: string) => errors.push(path === "" ? message : `${path}: ${message}`);
  if (schema.type === "object" || schema.type === "map") {
    if (!isMembers(value)) say(`expected map, got ${pointerText(value)}`);
    else checkMembers(value, schema, path, errors);
  } else if (schema.type === "list") {
    if (!Array.isArray(value)) say(`expected list, got ${pointerText(value)}`);
    else checkItems(value, schema, path, errors);
  } else {
    const message = scalarError(value, schema.type);
    if (message !== undefined) say(message);
  }
}

function checkMembers(value: Readonly<Record<string, unknown>>, schema: Schema, path: string, errors: string[]): void {
  for (const name in value) {
    const { schema: inner, field } = memberSchema(schema, name);
    if (schema.type === "object" && field === undefined && schema.preserveUnknown !== true) {
      errors.push(`${path}.${name}: field not declared in schema`);
      return;
    }
    check(value[name], inner, `${path}.${name}`, errors);
  }
}

function checkItems(
  value: readonly unknown[],
  schema: Schema & { type: "list" },
  path: string,
  errors: string[],
): void {
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    if (schema.list === "atomic") {
      check(item, schema.items, `${path}[${index}]`, errors);
      continue;
    }
    const found = itemElement(schema, item);
    if ("error" in found) {
      errors.push(`${path}: element ${index}: ${found.error}`);
      return;
    }
    const text = elementText(found.element);
    if (seen.has(found.element)) errors.push(`${path}: duplicate entries for key ${text}`);
    seen.add(found.element);
    check(item, schema.items, path + text, errors);
  }
}

function scalarError(value: unknown, type: ScalarSchema["type"]): string | undefined {
  switch (type) {
    case "string":
    case "bytes":
      return typeof value === "string" ? undefined : `expected string, got ${pointerDebugText(value)}`;
    case "bool":
      return typeof value === "boolean" ? undefined : `expected boolean, got ${pointerText(value)}`;
    case "int32":
    case "int64":
    case "double":
      return typeof value === "number" ? undefined : `expected numeric (int or float), got ${goTypeName(value)}`;
    default:
      return typeof value === "object" ? `expected any scalar, got ${pointerText(value)}` : undefined;
  }
}

function pointerText(value: unknown): string {
  return `&{${goText(value)}}`;
}

function pointerDebugText(value: unknown): string {
  const text =
    typeof value === "string" ? quote(value) : typeof value === "object" ? goDebugText(value) : goText(value);
  return `&value.valueUnstructured{Value:${text}}`;
}

function goDebugText(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goDebugText).join(", ")}}`;
  if (!isMembers(value)) return typeof value === "string" ? quote(value) : goText(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${quote(key)}:${goDebugText(value[key])}`);
  return `map[string]interface {}{${members.join(", ")}}`;
}
