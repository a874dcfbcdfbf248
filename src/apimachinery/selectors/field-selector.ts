import { SelectorError } from "./requirement.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** A compiled field selector; values are read by the caller's getter, an absent field reads as "". */
export interface FieldSelector {
  matches(valueOf: (field: string) => string): boolean;
  readonly isEmpty: boolean;
  readonly requirements: readonly FieldRequirement[];
  exactValue(field: string): string | undefined;
  toString(): string;
}

class CompiledFieldSelector implements FieldSelector {
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  get isEmpty(): boolean {
    return this.requirements.length === 0;
  }

  matches(valueOf: (field: string) => string): boolean {
    for (const { field, operator, value } of this.requirements) {
      if ((valueOf(field) === value) !== (operator === "=")) return false;
    }
    return true;
  }

  exactValue(field: string): string | undefined {
    return this.requirements.find((one) => one.field === field && one.operator === "=")?.value;
  }

  toString(): string {
    return this.requirements
      .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
      .join(",");
  }
}

/** Everything passes. */
export const everyField: FieldSelector = new CompiledFieldSelector([]);

export function fieldSelectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  return requirements.length === 0 ? everyField : new CompiledFieldSelector(requirements);
}

/** `metadata.name=a,status.phase!=Running`; `\`, `,` and `=` in values are escaped by `\`. Throws `SelectorError`. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === "") continue;
    const at = term.search(/!=|=/);
    if (at < 0) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const rest = term.slice(at);
    const operator = rest.startsWith("!=") ? "!=" : "=";
    const length = rest.startsWith("!=") || rest.startsWith("==") ? 2 : 1;
    requirements.push({ field: term.slice(0, at), operator, value: unescapeFieldValue(rest.slice(length)) });
  }
  return fieldSelectorOf(requirements);
}

export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, (found) => `\\${found}`);
}

function splitTerms(text: string): string[] {
  return text === "" ? [] : (text.match(/(?:\\[\s\S]?|[^\\,])+|(?<=,|^)(?=,|$)/g) ?? []);
}

function unescapeFieldValue(text: string): string {
  let value = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "," || character === "=") {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${character.charCodeAt(0)}`);
    }
    if (character !== "\\") {
      value += character;
      continue;
    }
    const next = text[++at] ?? "";
    if (next !== "\\" && next !== "," && next !== "=") {
      throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next}`);
    }
    value += next;
  }
  return value;
}
