import { invalid, fieldErrorMessage } from "../validation/field-error.ts";
import { isQualifiedName } from "../validation/strings.ts";
import {
  binaryOperators,
  type LabelOperator,
  type LabelRequirement,
  newRequirement,
  SelectorError,
} from "./requirement.ts";

type TokenKind = "end" | "error" | "identifier" | "operator" | "word" | "(" | ")" | "," | "!";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const endToken: Token = { kind: "end", text: "" };
const specials = new Set(["=", "!", "(", ")", ",", ">", "<"]);
const symbols: Readonly<Record<string, TokenKind>> = {
  ")": ")",
  ",": ",",
  "!": "!",
  "(": "(",
  "==": "operator",
  "=": "operator",
  ">": "operator",
  "<": "operator",
  "!=": "operator",
};
const space = /\s/;

/** Splits `a in (b,c), !d` into tokens; the last one is always `end`. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const character = text[at] ?? "";
    if (space.test(character)) {
      at++;
      continue;
    }
    const token = specials.has(character) ? symbolAt(text, at) : wordAt(text, at);
    tokens.push(token.token);
    at = token.end;
  }
  tokens.push(endToken);
  return tokens;
}

function wordAt(text: string, start: number): { token: Token; end: number } {
  let end = start;
  while (end < text.length && !specials.has(text[end] ?? "") && !space.test(text[end] ?? "")) end++;
  const word = text.slice(start, end);
  return { token: { kind: word === "in" || word === "notin" ? "word" : "identifier", text: word }, end };
}

/** The longest symbol made of the special characters from `start` on. */
function symbolAt(text: string, start: number): { token: Token; end: number } {
  const two = text.slice(start, start + 2);
  const one = text.slice(start, start + 1);
  const found = symbols[two] !== undefined ? two : one;
  return { token: { kind: symbols[found] ?? "error", text: found }, end: start + found.length };
}

/** A parser over one selector text. Texts longer than any URL allows never get here. */
class LabelParser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.kind === "end") return requirements;
      if (!startsRequirement(first)) {
        throw new SelectorError(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#wrapped());
      const next = this.#take();
      if (next.kind === "end") return requirements;
      if (next.kind !== ",") throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`);
      const following = this.#peek();
      if (!startsRequirement(following)) {
        throw new SelectorError(`found '${following.text}', expected: identifier after ','`);
      }
    }
  }

  #wrapped(): LabelRequirement {
    try {
      return this.#requirement();
    } catch (error) {
      if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`);
      throw error;
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#take();
    const negated = token.kind === "!";
    if (negated) token = this.#take();
    if (token.kind !== "identifier" && token.kind !== "word") {
      throw new SelectorError(`found '${token.text}', expected: identifier`);
    }
    const key = token.text;
    const messages = isQualifiedName(key);
    if (messages.length > 0) throw new SelectorError(fieldErrorMessage(invalid("<nil>", key, messages.join("; "))));
    if (negated) return newRequirement(key, "!", []);
    const next = this.#peek();
    if (next.kind === "end" || next.kind === ",") return newRequirement(key, "exists", []);
    const operator = this.#operator();
    const values = operator === "in" || operator === "notin" ? this.#values() : this.#exactValue();
    return newRequirement(key, operator, [...new Set(values)].sort());
  }

  #operator(): LabelOperator {
    const { kind, text } = this.#take();
    if (kind !== "operator" && kind !== "word") {
      throw new SelectorError(`found '${text}', expected: ${binaryOperators.join(", ")}`);
    }
    if (text === ">") return "gt";
    if (text === "<") return "lt";
    return text as LabelOperator;
  }

  #exactValue(): string[] {
    const next = this.#peek();
    if (next.kind === "end" || next.kind === ",") return [""];
    const token = this.#take();
    if (token.kind === "identifier" || token.kind === "word") return [token.text];
    throw new SelectorError(`found '${token.text}', expected: identifier`);
  }

  #values(): string[] {
    const open = this.#take();
    if (open.kind !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.kind === ")") {
      this.#take();
      return [""];
    }
    if (!isValue(first) && first.kind !== ",") {
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values = this.#valueList();
    if (this.#take().kind !== ")") throw new SelectorError(`found '${first.text}', expected: ')'`);
    return values;
  }

  /** Identifiers between commas; an empty place between commas is the empty value. */
  #valueList(): string[] {
    const values: string[] = [];
    for (;;) {
      const token = this.#take();
      if (isValue(token)) {
        values.push(token.text);
        const next = this.#peek();
        if (next.kind === ")") return values;
        if (next.kind !== ",") throw new SelectorError(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ",") {
        const next = this.#peek();
        if (values.length === 0 || next.kind === "," || next.kind === ")") values.push("");
        if (next.kind === ")") return values;
      } else {
        throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? endToken;
  }

  #take(): Token {
    return this.#tokens[this.#position++] ?? endToken;
  }
}

function isValue(token: Token): boolean {
  return token.kind === "identifier" || token.kind === "word";
}

function startsRequirement(token: Token): boolean {
  return isValue(token) || token.kind === "!";
}

/** The requirements of a selector in its text form, sorted by key. Throws `SelectorError`. */
export function parseLabelRequirements(text: string): readonly LabelRequirement[] {
  return new LabelParser(text).parse().sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
