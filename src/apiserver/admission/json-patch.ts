import { applyJsonPatch } from "../../apimachinery/index.ts";

/** A JSON patch that does not apply, in the words of upstream's library, which only those hear who made the patch. */
export class PatchFailure extends Error {
  /** An operation `test` found something else. */
  readonly isTest: boolean;
  constructor(message: string, isTest: boolean) {
    super(message);
    this.isTest = isTest;
  }
}

interface Operation {
  readonly op?: unknown;
  readonly path?: unknown;
  readonly from?: unknown;
}

/** Like `applyJsonPatch`, but throws a `PatchFailure` that says which operation failed. */
export function applyOperations(document: unknown, operations: readonly unknown[]): unknown {
  try {
    return applyJsonPatch(document, operations);
  } catch (error) {
    throw failureIn(document, operations) ?? error;
  }
}

/** Looks for the operation that failed by doing them one by one. */
function failureIn(document: unknown, operations: readonly unknown[]): PatchFailure | undefined {
  let state = document;
  for (const operation of operations) {
    try {
      state = applyJsonPatch(state, [operation]);
    } catch {
      return describe(state, (operation ?? {}) as Operation);
    }
  }
  return undefined;
}

const missing = "missing value";

function describe(state: unknown, { op, path, from }: Operation): PatchFailure {
  const [verb, target] = [String(op), String(path)];
  switch (verb) {
    case "test":
      return new PatchFailure(`testing value ${target} failed: test failed`, true);
    case "add":
    case "remove":
    case "replace":
      return new PatchFailure(atPath(state, verb, target), false);
    case "move":
    case "copy":
      return new PatchFailure(
        atPath(state, verb, valueAt(state, String(from)) === undefined ? String(from) : target),
        false,
      );
    default:
      return new PatchFailure(`Unexpected kind: ${op === undefined ? "unknown" : verb}`, false);
  }
}

function atPath(state: unknown, verb: string, path: string): string {
  const [parent, key] = [path.slice(0, Math.max(0, path.lastIndexOf("/"))), path.slice(path.lastIndexOf("/") + 1)];
  const container = valueAt(state, parent);
  if (typeof container !== "object" || container === null)
    return `${verb} operation does not apply: doc is missing path: ${verb === "replace" ? path : JSON.stringify(path)}: ${missing}`;
  if (verb === "replace") return `replace operation does not apply: doc is missing key: ${path}: ${missing}`;
  const why = Array.isArray(container)
    ? `Unable to access invalid index: ${key}: invalid index referenced`
    : `Unable to remove nonexistent key: ${key}: ${missing}`;
  return `error in ${verb} for path: '${path}': ${why}`;
}

function valueAt(state: unknown, pointer: string): unknown {
  let value = state;
  for (const token of pointer.split("/").slice(1)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[token.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return value;
}
