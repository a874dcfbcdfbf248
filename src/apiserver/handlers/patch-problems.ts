import { duplicateKeys } from "../customresources/duplicate-keys.ts";
import type { PatchType } from "./patch-refusal.ts";

/** What strict decoding has to say of a patch itself, whatever it makes of the object. */
export interface PatchProblems {
  readonly found: readonly string[];
  /** Keys that came twice within the values of operations, by the operation's path: they are in the patched object too. */
  readonly within: readonly Duplicate[];
}

interface Duplicate {
  readonly path: string;
  readonly below: string;
}

const none: PatchProblems = { found: [], within: [] };
const operationFields: ReadonlySet<string> = new Set(["op", "path", "from", "value"]);

/** `text` is that of the parsed `patch`. Upstream: `jsonPatcher` and `smpPatcher` with strict decoding. */
export function patchProblems(type: PatchType, text: string, patch: unknown): PatchProblems {
  if (type === "apply") return none;
  const duplicates = duplicateKeys(text);
  if (type !== "json") return duplicates.length === 0 ? none : { found: duplicates, within: [] };
  const operations = Array.isArray(patch) ? (patch as readonly unknown[]) : [];
  const unknown = operations.flatMap((operation, index) =>
    Object.keys(operation ?? {})
      .filter((field) => !operationFields.has(field.toLowerCase()))
      .map((field) => `unknown field ${JSON.stringify(`[${index}].${field}`)}`),
  );
  if (duplicates.length + unknown.length === 0) return none;
  return {
    found: [...duplicates, ...unknown].map((problem) => `json patch ${problem}`),
    within: duplicates.flatMap((problem) => duplicateWithin(problem, operations)),
  };
}

function duplicateWithin(problem: string, operations: readonly unknown[]): readonly Duplicate[] {
  const [, index = "", below = ""] = /^duplicate field "\[(\d+)\]\.value(.+)"$/s.exec(problem) ?? [];
  if (below === "") return [];
  const { path } = operations[Number(index)] as { readonly path?: unknown };
  return typeof path === "string" ? [{ path, below: JSON.parse(`"${below}"`) as string }] : [];
}

/**
 * The problems of a patched object together with those of the patch. What came twice within an operation's value is
 * told of the object too, unless the object does not know it at all.
 */
export function allProblems(
  { found, within }: PatchProblems,
  value: unknown,
  unknown: readonly string[],
): readonly string[] {
  if (found.length === 0) return unknown;
  const twice = within
    .map(({ path, below }) => `${dotted(path, value)}${below}`)
    .filter((at) => !unknown.some((problem) => isBelow(at, problem)))
    .map((at) => `duplicate field ${JSON.stringify(at)}`);
  return [...found, ...twice, ...unknown];
}

function isBelow(path: string, problem: string): boolean {
  if (!problem.startsWith("unknown field ")) return false;
  const field = JSON.parse(problem.slice("unknown field ".length)) as string;
  return path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
}

/** `/spec/containers/0/env` as `spec.containers[0].env`. */
function dotted(pointer: string, value: unknown): string {
  let at = value;
  let path = "";
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) {
      const index = key === "-" ? at.length - 1 : Number(key);
      path += `[${index}]`;
      at = (at as readonly unknown[])[index];
    } else {
      path += path === "" ? key : `.${key}`;
      at = (at as Readonly<Record<string, unknown>> | undefined)?.[key];
    }
  }
  return path;
}
