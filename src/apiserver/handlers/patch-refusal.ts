import {
  conversionError,
  type GroupVersionKind,
  type KubeObject,
  type DecodeError,
  goJson,
  goText,
  jsonSyntaxError,
  newBadRequest,
  newFailure,
  type ParsedYaml,
  parseJson,
  quote,
  type Schema,
  type StatusError,
} from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import { unregistered } from "./body.ts";
import { readYaml } from "./yaml.ts";

export type PatchType = "json" | "merge" | "strategic" | "apply";

/** Reads the body of a patch. Throws `StatusError` 400, worded as the decoder of that type of patch does. */
export function parsePatch(type: PatchType, text: string): unknown {
  if (type === "apply") return parseConfiguration(text).value;
  const prefix = type === "strategic" ? "" : "error decoding patch: ";
  let patch: unknown;
  try {
    patch = parseJson(text);
  } catch (error) {
    throw newBadRequest(`${prefix}${jsonSyntaxError(text) ?? messageOf(error)}`);
  }
  const misfit = type === "json" ? operationsMisfit(patch) : objectMisfit(patch);
  if (misfit !== undefined) throw newBadRequest(`${prefix}json: cannot unmarshal ${misfit}`);
  if (patch !== null || type === "merge") return patch;
  return type === "json" ? [] : {};
}

/** Reads the body of an apply. Throws `StatusError` 400. */
export function parseConfiguration(text: string): ParsedYaml {
  let parsed: ParsedYaml;
  try {
    parsed = readYaml(text);
  } catch (error) {
    throw newBadRequest(`error decoding YAML: error converting YAML to JSON: ${messageOf(error)}`);
  }
  const misfit = objectMisfit(parsed.value);
  if (misfit !== undefined) {
    const why = `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${misfit}`;
    throw newBadRequest(`error decoding YAML: ${why}`);
  }
  return { ...parsed, value: parsed.value ?? {} };
}

function objectMisfit(patch: unknown): string | undefined {
  const given = jsonTypeOf(patch);
  return given === "object" || given === "null" ? undefined : `${given} into Go value of type map[string]interface {}`;
}

function operationsMisfit(patch: unknown): string | undefined {
  if (patch === null) return undefined;
  if (!Array.isArray(patch)) return `${jsonTypeOf(patch)} into Go value of type []handlers.jsonPatchOp`;
  for (const operation of patch as readonly unknown[]) {
    const given = jsonTypeOf(operation);
    if (given === "null") continue;
    if (given !== "object") return `${given} into Go value of type handlers.jsonPatchOp`;
    const bad = Object.entries(operation as object).find(
      ([field, value]) => textFields.has(field) && value !== null && typeof value !== "string",
    );
    if (bad !== undefined) {
      return `${jsonTypeOf(bad[1])} into Go struct field jsonPatchOp.${bad[0]} of type string`;
    }
  }
  return undefined;
}

const textFields: ReadonlySet<string> = new Set(["op", "from", "path"]);

function jsonTypeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value === "bigint" ? "number" : typeof value;
}

export interface Patched {
  readonly type: PatchType;
  /** As it came in. */
  readonly patch: unknown;
  /** What it made of the object. */
  readonly value: unknown;
}

/** Upstream shows the patch itself where it is strategic, and the whole patched object otherwise. */
export function patchInvalid({ type, patch, value }: Patched, why: string): StatusError {
  const shown =
    type === "strategic" ? goText(patch) : goJson(sortedAlong(value, type === "json" ? treeOf(patch) : patch));
  const message = `Invalid value: ${quote(shown)}: ${why}`;
  return newFailure(422, "Invalid", ` "" is invalid: patch: ${message}`, {
    causes: [{ reason: "FieldValueInvalid", message, field: "patch" }],
  });
}

/** Objects that a patch went into have their fields in order of the alphabet, all others as they were. */
function sortedAlong(value: unknown, patch: unknown): unknown {
  if (!isFields(value) || !isFields(patch)) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, inner]) => [name, sortedAlong(inner, patch[name])]));
}

interface Node {
  [name: string]: Node;
}

const newNode = (): Node => Object.create(null) as Node;

/** The objects that the operations of a JSON patch went into, as if it were a merge patch. */
function treeOf(operations: unknown): Node {
  const tree = newNode();
  for (const operation of Array.isArray(operations) ? (operations as readonly unknown[]) : []) {
    const { path = "", from = "" } = (operation ?? {}) as { readonly path?: string; readonly from?: string };
    for (const pointer of [path, from]) {
      let at = tree;
      for (const part of pointer.split("/").slice(1, -1))
        at = at[part.replaceAll("~1", "/").replaceAll("~0", "~")] ??= newNode();
    }
  }
  return tree;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Strict validation's answer to unknown fields. */
export function patchNotStrict(patched: Patched, problems: readonly string[]): StatusError {
  return patchInvalid(patched, `strict decoding error: ${problems.join(", ")}`);
}

/** For a patched object that is none of its kind. */
export function patchMisfit(patched: Patched, schema: Schema, error: DecodeError): StatusError {
  const conversion = patched.type === "strategic" ? conversionError(patched.value, schema) : undefined;
  return patchInvalid(patched, conversion ?? error.message);
}

/** Patches of JSON may not make another kind of an object; strategic ones pass over what they say of it. */
export function checkKindKept(
  patched: Patched,
  { gvk, jsonOnly = false }: { readonly gvk: GroupVersionKind; readonly jsonOnly?: boolean },
): void {
  if (patched.type === "strategic" || jsonOnly) return;
  const { kind = gvk.kind, apiVersion = apiVersionOf(gvk) } = patched.value as Partial<KubeObject>;
  if (kind === gvk.kind && apiVersion === apiVersionOf(gvk)) return;
  throw patchInvalid(patched, unregistered(apiVersion, kind, gvk.group));
}
