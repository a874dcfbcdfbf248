/**
 * The JSON paths of CRDs and kubectl: `.spec.replicas`, `.status.conditions[0].type`, `.metadata.labels.a\.b`, `.a[*]`,
 * `.a[0:2]`, `.a['b','c']`, `..name`, `.status.conditions[?(@.type=="Ready")].status`. Compiles to a reader of all
 * matches. Throws with one sentence for what it does not know.
 */
export function compileJsonPath(path: string): (object: unknown) => unknown[] {
  const steps = parse(path);
  return (object) => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [object]);
}

type Step = (value: unknown) => unknown[];

const name = String.raw`(?:\\.|[^.[\]\\'"=<>!()\s])+`;
const quoted = String.raw`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`;
const tokens: readonly (readonly [pattern: RegExp, make: (match: RegExpExecArray) => Step])[] = [
  [/^\.\.(?:\*|(?=\[))/, () => descend],
  [new RegExp(`^\\.\\.(${name})`), ([, key = ""]) => then(descend, field(unescape(key)))],
  [/^\.\*/, () => children],
  [new RegExp(`^\\.(${name})`), ([, key = ""]) => field(unescape(key))],
  [/^\[\*\]/, () => children],
  [/^\[(-?\d+(?:,-?\d+)*)\]/, ([, list = ""]) => union(list.split(",").map((one) => element(Number(one))))],
  [/^\[(-?\d*):(-?\d*)(?::(\d+))?\]/, ([, from = "", to = "", by = "1"]) => slice(from, to, Number(by))],
  [new RegExp(`^\\[((?:${quoted})(?:,(?:${quoted}))*)\\]`), ([, list = ""]) => union(keysOf(list).map(field))],
  [/^\[\?\(@((?:[^()"']|"[^"]*"|'[^']*')*)\)\]/, ([, condition = ""]) => filter(condition)],
];

function parse(path: string): Step[] {
  const steps: Step[] = [];
  let rest = path.startsWith("{") ? path.slice(1, -1) : path;
  if (rest.startsWith("$")) rest = rest.slice(1);
  while (rest !== "" && rest !== ".") {
    const step = nextStep(rest);
    if (step === undefined) throw new Error(`unrecognized JSON path near ${JSON.stringify(rest)}`);
    steps.push(step.step);
    rest = rest.slice(step.length);
  }
  return steps;
}

function nextStep(rest: string): { readonly step: Step; readonly length: number } | undefined {
  for (const [pattern, make] of tokens) {
    const match = pattern.exec(rest);
    if (match !== null) return { step: make(match), length: match[0].length };
  }
  return undefined;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}

function keysOf(list: string): string[] {
  return [...list.matchAll(new RegExp(quoted, "g"))].map(([text]) => unescape(text.slice(1, -1)));
}

function then(first: Step, second: Step): Step {
  return (value) => first(value).flatMap(second);
}

function union(steps: readonly Step[]): Step {
  return (value) => steps.flatMap((step) => step(value));
}

const children: Step = (value) => (typeof value === "object" && value !== null ? Object.values(value) : []);

/** The value and all below it, outermost first. */
const descend: Step = (value) => [value, ...children(value).flatMap(descend)];

function field(key: string): Step {
  return (value) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return [];
    const child = (value as Record<string, unknown>)[key];
    return child === undefined || child === null ? [] : [child];
  };
}

function element(index: number): Step {
  return (value) => {
    const found: unknown = Array.isArray(value) ? value.at(index) : undefined;
    return found === undefined ? [] : [found];
  };
}

function slice(from: string, to: string, by: number): Step {
  const [first, last] = [from, to].map((text) => (text === "" ? undefined : Number(text)));
  return (value) =>
    Array.isArray(value) ? value.slice(first, last).filter((_, index) => by > 0 && index % by === 0) : [];
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  "==": (order) => order === 0,
  "!=": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

/** `.type=="Ready"`, `.size > 3`, or that there is such a field. */
function filter(condition: string): Step {
  const match = /^((?:[^=<>!"']|"[^"]*"|'[^']*')*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.*?))?\s*$/.exec(condition);
  if (match === null) throw new Error(`unrecognized filter ${JSON.stringify(condition)}`);
  const [, path = "", operator, wanted = ""] = match;
  const read = compileJsonPath(path);
  const literal = literalOf(wanted);
  const holds = (item: unknown): boolean => {
    const [found] = read(item);
    if (operator === undefined) return found !== undefined;
    if (found === undefined) return false;
    return comparisons[operator]?.(compare(found, literal)) === true;
  };
  return (value) => children(value).filter(holds);
}

function literalOf(text: string): unknown {
  if (/^(["']).*\1$/.test(text)) return unescape(text.slice(1, -1));
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
