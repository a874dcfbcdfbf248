import { newBadRequest, quote } from "../../apimachinery/index.ts";
import { parseSelectors, type Selection, selectionOf } from "../registry/filter.ts";
import { checkListOptions, optionsInvalid } from "../registry/list-options.ts";
import type { ListRequest } from "../registry/reads.ts";
import type { ResourceDescriptor } from "../registry/contract.ts";
import type { Query } from "../request/query.ts";
import type { FieldValidation } from "./body.ts";

/** Query parameters of create, update and patch. */
export interface WriteParameters {
  readonly dryRun: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation: FieldValidation;
}

const fieldManagerMax = 128;

/** The kind of a verb's options, as messages and admission name it. */
export type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions";

/** `more` is what else there is to be said of the options, which is said first. */
export function writeParameters(query: Query, kind: OptionsKind, more: readonly string[] = []): WriteParameters {
  const fieldManager = query.get("fieldManager");
  const validation = query.get("fieldValidation") ?? "";
  const problems: string[] = more.length === 0 ? [] : [...more];
  if (fieldManager !== undefined) checkFieldManager(fieldManager, problems);
  const dryRun = parseDryRun(query.all("dryRun"), problems);
  if (!["", "Ignore", "Warn", "Strict"].includes(validation)) {
    problems.push(
      `fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`,
    );
  }
  if (problems.length > 0) throw optionsInvalid(kind, problems);
  return {
    dryRun,
    ...(fieldManager === undefined || fieldManager === "" ? {} : { fieldManager }),
    fieldValidation: validation === "" ? "Warn" : (validation as FieldValidation),
  };
}

/** Upstream: at most 128 bytes, of printable characters. */
function checkFieldManager(name: string, problems: string[]): void {
  if (Buffer.byteLength(name) > fieldManagerMax) {
    problems.push(`fieldManager: Too long: may not be more than ${fieldManagerMax} bytes`);
  }
  let at = 0;
  for (const character of name) {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
      problems.push(`fieldManager: Invalid value: ${quote(name)}: invalid character U+${code} (at position ${at})`);
    }
    at += Buffer.byteLength(character);
  }
}

/** What admission sees of the query. */
export function admissionOptions(kind: OptionsKind, query: Query): Record<string, unknown> {
  const dryRun = query.all("dryRun").filter((value) => value !== "");
  const fieldManager = query.get("fieldManager");
  const fieldValidation = query.get("fieldValidation");
  return {
    kind,
    apiVersion: "meta.k8s.io/v1",
    ...(dryRun.length === 0 ? {} : { dryRun }),
    ...(fieldManager === undefined ? {} : { fieldManager }),
    ...(fieldValidation === undefined ? {} : { fieldValidation }),
  };
}

export function parseDryRun(values: readonly string[], problems: string[]): boolean {
  // A single empty value is none.
  if (values.length === 0 || (values.length === 1 && values[0] === "")) return false;
  if (values.some((value) => value !== "All")) {
    problems.push(`dryRun: Unsupported value: ${JSON.stringify(values)}: supported values: "All"`);
  }
  return true;
}

export interface ListParameters {
  readonly list: ListRequest;
  readonly selection: Selection | undefined;
}

export function listParameters(
  descriptor: ResourceDescriptor,
  namespace: string,
  query: Query,
  signal?: AbortSignal,
): ListRequest {
  // Lists do not use it, yet it has to be a number.
  integer(query, "timeoutSeconds");
  const limit = Math.max(0, integer(query, "limit"));
  const selectors = parseSelectors(query.get("labelSelector"), query.get("fieldSelector"));
  const request = {
    namespace,
    limit,
    continueToken: query.get("continue") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    ...(signal === undefined ? {} : { signal }),
  };
  checkListOptions(request, query.has("sendInitialEvents") ? query.flag("sendInitialEvents") : undefined);
  return { ...request, selection: selectionOf(descriptor, selectors) };
}

const int64Max = 2n ** 63n;

function isInt64(text: string): boolean {
  if (text.length < 16) return true;
  const value = BigInt(text.replace("+", ""));
  return value < int64Max && value >= -int64Max;
}

/** A number in the query; 0 where it is absent. Throws 400 as upstream words it. */
export function integer(query: Query, name: string): number {
  const text = query.get(name);
  if (text === undefined) return 0;
  if (!/^[-+]?[0-9]+$/.test(text)) throw newBadRequest(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  if (!isInt64(text)) throw newBadRequest(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
  return Number(text);
}
