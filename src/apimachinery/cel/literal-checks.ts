import type { Call, Expression, Issue, ListLiteral, MapLiteral } from "./ast.ts";
import type { Checked } from "./checker.ts";
import { children } from "./children.ts";
import { formatParts, wrongType, type Verb } from "./libraries/format-text.ts";
import { compilePattern } from "./regex.ts";
import { parseDuration, parseTimestamp, timestampOf } from "./times.ts";
import { type CelType, typeText } from "./types.ts";
import { CelError } from "./values.ts";

/**
 * What only fails where it is evaluated, told beforehand: durations, timestamps and patterns that are none, formats
 * that do not suit their values, and literals of several types. Upstream: cel-go's AST validators.
 */
export function checkLiterals(checked: Checked, homogeneous: boolean): readonly Issue[] {
  const issues: Issue[] = [];
  visit(checked.expression, { checked, homogeneous, issues });
  return issues.toSorted((a, b) => a.offset - b.offset);
}

interface Visit {
  readonly checked: Checked;
  /** Lists and maps are of one type; not so within what is formatted. */
  readonly homogeneous: boolean;
  readonly issues: Issue[];
}

function visit(node: Expression, at: Visit): void {
  const isFormat = node.kind === "call" && node.name === "format" && node.target !== undefined;
  if (node.kind === "call") at.issues.push(...(isFormat ? formatIssues(node, at.checked) : callIssues(node)));
  else if (at.homogeneous && (node.kind === "list" || node.kind === "map")) at.issues.push(...mixed(node, at.checked));
  const within = isFormat ? { ...at, homogeneous: false } : at;
  for (const child of children(node)) visit(child, within);
}

function callIssues(node: Call): readonly Issue[] {
  const literal = node.name === "matches" ? node.arguments.at(-1) : node.arguments[0];
  if (literal?.kind !== "literal") return [];
  const isWrong = wrongLiterals[node.name]?.(literal.value) ?? false;
  return isWrong ? [{ offset: literal.offset, message: `invalid ${node.name} argument` }] : [];
}

const wrongLiterals: Readonly<Record<string, ((value: unknown) => boolean) | undefined>> = Object.assign(
  Object.create(null) as object,
  {
    duration: (value: unknown) => typeof value !== "string" || parseDuration(value) === undefined,
    timestamp: (value: unknown) => {
      if (typeof value === "bigint") return fails(() => timestampOf(value * 1_000_000_000n));
      return typeof value !== "string" || parseTimestamp(value) === undefined;
    },
    matches: (value: unknown) => typeof value === "string" && fails(() => compilePattern(value)),
  },
);

function fails(work: () => unknown): boolean {
  return messageOfFailure(work) !== undefined;
}

function messageOfFailure(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof CelError) return error.message;
    throw error;
  }
}

/** The first element of another type than the first one; keys and values of a map by themselves. */
function mixed(node: ListLiteral | MapLiteral, checked: Checked): readonly Issue[] {
  if (node.kind === "list") return oddOnes(node.elements, checked);
  const keys = node.entries.map(({ key }) => ({ value: key, optional: false }));
  return [...oddOnes(keys, checked, true), ...oddOnes(node.entries, checked, true)];
}

function oddOnes(
  elements: readonly { readonly value: Expression; readonly optional: boolean }[],
  { typeOf }: Checked,
  all = false,
): readonly Issue[] {
  const issues: Issue[] = [];
  let first: string | undefined;
  for (const { value, optional } of elements) {
    const type = typeOf(value);
    const text = typeText(optional && type.kind === "optional" ? type.element : type);
    first ??= text;
    if (text === first) continue;
    issues.push({ offset: value.offset, message: `expected type '${first}' but found '${text}'` });
    if (!all) break;
  }
  return issues;
}

/** Of a literal format and a literal list of values. */
function formatIssues(node: Call, { typeOf }: Checked): readonly Issue[] {
  const [values] = node.arguments;
  if (node.target?.kind !== "literal" || typeof node.target.value !== "string" || values?.kind !== "list") return [];
  const { value: pattern } = node.target;
  const { elements } = values;
  const verbs: Verb[] = [];
  const problem = messageOfFailure(() => {
    const parts = formatParts(pattern, (index) => {
      if (index >= elements.length && !endsEarly(pattern)) throw new CelError(`index ${index} out of range`);
    });
    for (const part of parts) if (typeof part !== "string") verbs.push(part.verb);
    if (verbs.length < elements.length) {
      const counts = `expected ${verbs.length}, got ${elements.length}`;
      throw new CelError(`too many arguments supplied to string.format (${counts})`);
    }
  });
  // Values are judged as their clauses are read, so that the first of all problems is told.
  for (const [index, { value }] of elements.entries()) {
    const verb = verbs[index];
    const given = verb === undefined ? undefined : unwritable(verb, typeOf(value), value);
    if (verb !== undefined && given !== undefined) {
      return [{ offset: given.node.offset, message: wrongType(verb, given.type).message }];
    }
  }
  return problem === undefined ? [] : [{ offset: node.offset, message: problem }];
}

/** A lone percent sign at the end is told before a value that is missing for it. */
function endsEarly(pattern: string): boolean {
  return /(^|[^%])(%%)*%$/.test(pattern);
}

const written: Readonly<Record<Verb, readonly CelType["kind"][]>> = {
  s: ["string", "bool", "bytes", "int", "uint", "double", "timestamp", "duration", "type", "null"],
  d: ["int", "uint"],
  f: ["double"],
  e: ["double"],
  b: ["int", "uint", "bool"],
  o: ["int", "uint"],
  x: ["int", "uint", "bytes", "string"],
  X: ["int", "uint", "bytes", "string"],
};

/** The value, or the part of it, that a clause cannot write. */
function unwritable(
  verb: Verb,
  type: CelType,
  node: Expression,
): { readonly node: Expression; readonly type: string } | undefined {
  if (type.kind === "dyn" || type.kind === "error" || type.kind === "parameter") return undefined;
  if (type.kind === "wrapper") return unwritable(verb, type.element, node);
  if (verb === "s" && type.kind === "list") {
    const first = node.kind === "list" ? node.elements[0]?.value : undefined;
    return unwritable(verb, type.element, first ?? node);
  }
  if (verb === "s" && type.kind === "map") {
    const first = node.kind === "map" ? node.entries[0]?.value : undefined;
    return unwritable(verb, type.value, first ?? node);
  }
  return written[verb].includes(type.kind) ? undefined : { node, type: runtimeName(type) };
}

/** As a value of the type names it. */
function runtimeName(type: CelType): string {
  switch (type.kind) {
    case "null":
      return "null_type";
    case "timestamp":
      return "google.protobuf.Timestamp";
    case "duration":
      return "google.protobuf.Duration";
    case "optional":
      return "optional_type";
    case "object":
    case "opaque":
      return type.name;
    default:
      return type.kind;
  }
}
