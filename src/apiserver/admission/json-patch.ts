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

function describe(state: unknown, operation: Operation): PatchFailure {
  const { op, path, from } = operation;
  const verb = String(op);
  if (!["add", "remove", "replace", "test", "move", "copy"].includes(verb))
    return new PatchFailure(`Unexpected kind: ${op === undefined ? "unknown" : verb}`, false);
  const needed = verb === "move" || verb === "copy" ? "from" : "path";
  if (typeof operation[needed] !== "string")
    return new PatchFailure(`${verb} operation failed to decode ${needed}: ${missing}`, false);
  if (verb === "test") return new PatchFailure(testFailure(state, String(path)), true);
  const of = needed === "path" ? atPath(state, verb, String(path)) : fromPath(state, verb, String(from));
  return new PatchFailure(of, false);
}

function testFailure(state: unknown, path: string): string {
  return path === "" || isContainer(valueAt(state, parentOf(path)))
    ? `testing value ${path} failed: test failed`
    : `test operation does not apply: is missing path: ${path}: ${missing}`;
}

function fromPath(state: unknown, verb: string, from: string): string {
  const container = valueAt(state, parentOf(from));
  const key = lastOf(from);
  if (from === "" || !isContainer(container))
    return `${verb} operation does not apply: doc is missing from path: ${from}: ${missing}`;
  if (key in container && !Array.isArray(container))
    return `${verb} operation does not apply: doc is missing destination path: ${missing}`;
  return `error in ${verb} for path: '${key}': ${reasonIn(container, key)}`;
}

function atPath(state: unknown, verb: string, path: string): string {
  const container = valueAt(state, parentOf(path));
  if (verb === "replace" && path === "") return "replace operation value must be object or array: %!w(<nil>)";
  if (path === "" || !isContainer(container))
    return `${verb} operation does not apply: doc is missing path: ${verb === "replace" ? path : JSON.stringify(path)}: ${missing}`;
  if (verb === "replace") return `replace operation does not apply: doc is missing key: ${path}: ${missing}`;
  return `error in ${verb} for path: '${path}': ${reasonIn(container, lastOf(path))}`;
}

function reasonIn(container: object, key: string): string {
  if (!Array.isArray(container)) return `Unable to remove nonexistent key: ${key}: ${missing}`;
  return /^[-+]?\d+$/.test(key)
    ? `Unable to access invalid index: ${key}: invalid index referenced`
    : `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function valueAt(state: unknown, pointer: string): unknown {
  let value = state;
  for (const token of pointer.split("/").slice(1)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[token.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return value;
}
