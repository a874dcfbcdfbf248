import type { KubeObject } from "../../apimachinery/index.ts";

export type Match = (object: KubeObject) => boolean;

/** Equality and existence, which is what controllers ask a server for. */
export function labelMatch(selector: string | undefined): Match {
  const terms = termsOf(selector);
  return (object) => terms.every((term) => holds(term, (name) => object.metadata.labels?.[name]));
}

export function fieldMatch(selector: string | undefined): Match {
  const terms = termsOf(selector);
  return (object) => terms.every((term) => holds(term, (path) => valueAt(object, path) ?? ""));
}

interface Term {
  readonly name: string;
  readonly operator: "=" | "!=" | "exists" | "absent";
  readonly value: string;
}

function termsOf(selector: string | undefined): readonly Term[] {
  if (selector === undefined || selector === "") return [];
  return selector.split(",").map((text) => {
    const found = /^([^!=]+)(!=|==|=)(.*)$/.exec(text);
    if (found === null) return text.startsWith("!") ? term(text.slice(1), "absent") : term(text, "exists");
    const [, name = "", operator, value = ""] = found;
    return term(name, operator === "!=" ? "!=" : "=", value);
  });
}

function term(name: string, operator: Term["operator"], value = ""): Term {
  return { name: name.trim(), operator, value: value.trim() };
}

function holds({ name, operator, value }: Term, valueOf: (name: string) => string | undefined): boolean {
  const actual = valueOf(name);
  if (operator === "exists") return actual !== undefined;
  if (operator === "absent") return actual === undefined;
  return operator === "=" ? actual === value : actual !== value;
}

function valueAt(object: unknown, path: string): string | undefined {
  let current: unknown = object;
  for (const step of path.split(".")) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string, unknown>)[step];
  }
  return current === undefined ? undefined : String(current);
}
