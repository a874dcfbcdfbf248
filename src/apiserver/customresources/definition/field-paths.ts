import type { Structural } from "../schema/structural.ts";

export interface FoundField {
  readonly path: string;
  readonly structural: Structural | undefined;
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
};

/**
 * Follows a path of field names and map keys (`.spec.a`, `.spec['a b']`) in a schema. Throws one sentence for what leads
 * nowhere. Upstream: `ValidFieldPath`.
 */
export function findField(jsonPath: string, root: Structural, allowBrackets = true): FoundField | undefined {
  const tokens = tokensOf(jsonPath);
  let found: FoundField | undefined;
  let at: Structural | undefined = root;
  const next = (): string => {
    const token = tokens.shift();
    if (token === undefined) throw new Error("unexpected end of JSON path");
    return token;
  };
  while (tokens.length > 0) {
    const token = next();
    if (token === "[") {
      if (!allowBrackets) throw new Error("array notation is not allowed");
      const quoted = next();
      if (quoted.length < 2 || !quoted.startsWith("'") || !quoted.endsWith("'"))
        throw new Error(`expected single quoted string but got ${quoted}`);
      found = step(found, at, unescape(quoted.slice(1, -1)));
      const close = next();
      if (close !== "]") throw new Error(`expected ] but got ${close}`);
    } else if (token === ".") found = step(found, at, next());
    else throw new Error(`expected [ or . but got: ${token}`);
    at = found.structural;
  }
  return found;
}

function step(before: FoundField | undefined, at: Structural | undefined, name: string): FoundField {
  if (at !== undefined && at.properties.size > 0) {
    const structural = at.properties.get(name);
    if (structural === undefined) throw new Error("does not refer to a valid field");
    return { path: before === undefined ? name : `${before.path}.${name}`, structural };
  }
  if (at?.additional === undefined) throw new Error("does not refer to a valid field");
  return { path: `${before?.path ?? ""}[${name}]`, structural: at.additional === true ? undefined : at.additional };
}

/** `.`, `[` and `]`, quoted names, and what stands between. */
function tokensOf(jsonPath: string): string[] {
  return [...jsonPath.matchAll(/[.[\]]|'(?:[^'\\]|\\[\s\S])*'|'[\s\S]*|[^.[\]']+[^.[\]]*/g)].map(([token]) => token);
}

function unescape(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, character: string) => {
    const meant = escapes[character];
    if (meant === undefined) throw new Error(`invalid string literal: invalid escape char ${whole}`);
    return meant;
  });
}
