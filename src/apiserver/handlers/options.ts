import { newBadRequest } from "../../apimachinery/index.ts";
import type { Selection } from "../registry/filter.ts";
import { parseSelection } from "../registry/filter.ts";
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

export function writeParameters(query: Query, kind: OptionsKind): WriteParameters {
  const fieldManager = query.get("fieldManager");
  const validation = query.get("fieldValidation") ?? "";
  const problems: string[] = [];
  const dryRun = parseDryRun(query.all("dryRun"), problems);
  if (fieldManager !== undefined && fieldManager.length > fieldManagerMax) {
    problems.push(
      `fieldManager: Invalid value: ${JSON.stringify(fieldManager)}: may not be more than ${fieldManagerMax} bytes`,
    );
  }
  if (!["", "Ignore", "Warn", "Strict"].includes(validation)) {
    problems.push(
      `fieldValidation: Invalid value: ${JSON.stringify(validation)}: allowed values are "", "Ignore", "Warn", and "Strict"`,
    );
  }
  if (problems.length > 0) throw optionsInvalid(kind, problems);
  return {
    dryRun,
    ...(fieldManager === undefined || fieldManager === "" ? {} : { fieldManager }),
    fieldValidation: validation === "" ? "Warn" : (validation as FieldValidation),
  };
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
  const given = values.filter((value) => value !== "");
  const odd = given.find((value) => value !== "All");
  if (odd !== undefined) problems.push(`dryRun: Unsupported value: ${JSON.stringify(odd)}: supported values: "All"`);
  return given.length > 0;
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
  const request: ListRequest = {
    namespace,
    selection: parseSelection(descriptor, query.get("labelSelector"), query.get("fieldSelector")),
    limit: integer(query, "limit"),
    continueToken: query.get("continue") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    ...(signal === undefined ? {} : { signal }),
  };
  // Lists do not use it, yet it has to be a number.
  integer(query, "timeoutSeconds");
  checkListOptions(request, query.has("sendInitialEvents") ? query.flag("sendInitialEvents") : undefined);
  return request;
}

/** A number in the query; absent or empty is 0. */
export function integer(query: Query, name: string): number {
  const text = query.get(name) ?? "";
  if (text === "") return 0;
  if (!/^-?[0-9]+$/.test(text)) {
    throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Math.max(0, Number(text));
}
