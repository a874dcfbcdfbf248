/**
 * The simple JSON paths that CRDs use: `.spec.replicas`, `.status.conditions[0].type`, `.metadata.labels.a\.b`, and
 * `.status.conditions[?(@.type=="Ready")].status`. Compiles to a reader of all matches.
 */
export function compileJsonPath(path: string): (object: unknown) => unknown[] {
  const steps = parse(path);
  return (object) => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [object]);
}

type Step = (value: unknown) => unknown[];

const token =
  /^(?:\.((?:\\.|[^.[\\])+)|\['((?:[^'\\]|\\.)*)'\]|\[(\*|-?\d+)\]|\[\?\(@((?:\.[\w-]+)+)\s*(==|!=)\s*("[^"]*"|'[^']*'|[\w.-]+)\)\])/;

/** Throws with one sentence for what it does not know. */
function parse(path: string): Step[] {
  const steps: Step[] = [];
  let rest = path.startsWith("{") ? path.slice(1, -1) : path;
  if (rest.startsWith("$")) rest = rest.slice(1);
  while (rest !== "" && rest !== ".") {
    const match = token.exec(rest);
    if (match === null) throw new Error(`unrecognized JSON path near ${JSON.stringify(rest)}`);
    const [whole, name, quoted, index, filter, operator, wanted] = match;
    if (name !== undefined || quoted !== undefined) steps.push(field((name ?? quoted ?? "").replace(/\\(.)/g, "$1")));
    else if (index !== undefined) steps.push(element(index));
    else steps.push(matching(filter ?? "", operator === "==", (wanted ?? "").replace(/^["']|["']$/g, "")));
    rest = rest.slice(whole.length);
  }
  return steps;
}

function field(name: string): Step {
  return (value) => {
    if (typeof value !== "object" || value === null) return [];
    if (name === "*") return Object.values(value);
    const child = (value as Record<string, unknown>)[name];
    return child === undefined || child === null ? [] : [child];
  };
}

function element(index: string): Step {
  return (value) => {
    if (!Array.isArray(value)) return [];
    if (index === "*") return value;
    const found: unknown = value.at(Number(index));
    return found === undefined ? [] : [found];
  };
}

function matching(path: string, equal: boolean, wanted: string): Step {
  const read = path.slice(1).split(".");
  return (value) =>
    Array.isArray(value)
      ? value.filter((item: unknown) => {
          const found = read.reduce<unknown>((from, key) => (from as Record<string, unknown> | undefined)?.[key], item);
          return (String(found) === wanted) === equal;
        })
      : [];
}
