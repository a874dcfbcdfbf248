import type { Expression, StructLiteral } from "./ast.ts";
import { CelSyntaxError, type Token, tokenize } from "./lexer.ts";
import { expandMacro } from "./macros.ts";
import { boolType, bytesType, type CelType, doubleType, intType, nullType, stringType, uintType } from "./types.ts";
import { Uint, type Value } from "./values.ts";

/** As upstream's parser. */
const codePointsMax = 100_000;
const depthMax = 250;
const literalsWanted = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const expressionWanted = `{'[', '{', '(', '.', '-', '!', ${literalsWanted}`;
/** Where something else than an expression may stand, too; in the order of upstream's tokens. */
const elementWanted = `{'[', ']', '{', '(', '.', ',', '-', '!', '?', ${literalsWanted}`;
const entryWanted = `{'[', '{', '}', '(', '.', ',', '-', '!', '?', ${literalsWanted}`;
const argumentWanted = `{'[', '{', '(', ')', '.', '-', '!', ${literalsWanted}`;
const indexWanted = `{'[', '{', '(', '.', '-', '!', '?', ${literalsWanted}`;
const reserved = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" "),
);
const relations = new Set(["<", "<=", ">=", ">", "==", "!="]);
const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

/** What an environment may turn on. */
export interface Syntax {
  /** `cel.bind(x, 1, x + x)`. */
  readonly bindings?: boolean;
  /** Field names in backticks. */
  readonly quotedFields?: boolean;
}

/** Reads an expression; macros are expanded. Throws `CelSyntaxError`. */
export function parse(text: string, syntax: Syntax = {}): Expression {
  if (text.length > codePointsMax) {
    throw new CelSyntaxError(
      0,
      `expression code point size exceeds limit: size: ${text.length}, limit ${codePointsMax}`,
    );
  }
  return new Parser(tokenize(text), syntax).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #bindings: boolean;
  readonly #quotedFields: boolean;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], { bindings = false, quotedFields = false }: Syntax) {
    this.#tokens = tokens;
    this.#bindings = bindings;
    this.#quotedFields = quotedFields;
  }

  whole(): Expression {
    const expression = this.#expression();
    const token = this.#token();
    if (token.kind !== "end") throw this.#unexpected(token, "<EOF>", this.#tokens[this.#at + 1]?.kind === "end");
    return expression;
  }

  #token(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "<EOF>", offset: 0 };
  }

  #take(symbol: string): Token | undefined {
    const token = this.#token();
    if (token.text !== symbol || (token.kind !== "symbol" && token.kind !== "identifier") || token.quoted) return;
    this.#at++;
    return token;
  }

  #need(symbol: string): Token {
    const token = this.#take(symbol);
    if (token !== undefined) return token;
    const found = this.#token();
    if (found.kind === "end" && (symbol === ")" || symbol === "]")) throw missing(symbol, found);
    if (symbol === ":" && this.#startsExpression(found)) {
      throw new CelSyntaxError(found.offset, `Syntax error: missing ':' at '${found.text}'`);
    }
    throw this.#unexpected(found, `'${symbol}'`, this.#tokens[this.#at + 1]?.text === symbol);
  }

  #startsExpression(token: Token | undefined): boolean {
    if (token?.kind === "symbol") return ["[", "{", "(", ".", "-", "!"].includes(token.text);
    return token?.kind === "literal" || (token?.kind === "identifier" && token.text !== "in");
  }

  /** Whether another element comes, or the end; nothing else may. */
  #continues(closing: string): boolean {
    if (this.#take(",") !== undefined) {
      const token = this.#token();
      if (token.kind === "end") throw missing(closing, token);
      return true;
    }
    if (this.#take(closing) !== undefined) return false;
    throw this.#unexpected(this.#token(), `{'${closing}', ','}`);
  }

  /** The text does not end here. */
  #expectMore(wanted: string): void {
    const token = this.#token();
    if (token.kind === "end") throw this.#unexpected(token, wanted);
  }

  /** `only`: without the token all would be well. */
  #unexpected(token: Token, wanted: string, only = false): CelSyntaxError {
    const kind = only && token.kind !== "end" ? "extraneous" : "mismatched";
    return new CelSyntaxError(token.offset, `Syntax error: ${kind} input '${token.text}' expecting ${wanted}`);
  }

  /** Trees stay shallow enough to be walked. */
  #bound(depth: number): void {
    if (depth <= depthMax) return;
    throw new CelSyntaxError(this.#token().offset, `expression recursion limit exceeded: ${depthMax}`);
  }

  #expression(): Expression {
    this.#bound(++this.#depth);
    const condition = this.#or();
    const question = this.#take("?");
    if (question === undefined) {
      this.#depth--;
      return condition;
    }
    const yes = this.#or();
    this.#need(":");
    const no = this.#expression();
    this.#depth--;
    return call("_?_:_", [condition, yes, no], question.offset);
  }

  #or(): Expression {
    return this.#logical("||", () => this.#logical("&&", () => this.#relation()));
  }

  /** Long chains become trees as flat as can be, as upstream's do: the order of the operands stays. */
  #logical(operator: string, operand: () => Expression): Expression {
    const terms = [operand()];
    const offsets: number[] = [];
    for (let token = this.#take(operator); token !== undefined; token = this.#take(operator)) {
      offsets.push(token.offset);
      terms.push(operand());
    }
    return balanced(`_${operator}_`, terms, offsets);
  }

  #relation(): Expression {
    let left = this.#addition();
    for (let length = 1; ; length++) {
      this.#bound(length);
      const token = this.#token();
      const isIn = token.kind === "identifier" && token.text === "in" && token.quoted !== true;
      if (!isIn && !(token.kind === "symbol" && relations.has(token.text))) return left;
      this.#at++;
      left = call(isIn ? "@in" : `_${token.text}_`, [left, this.#addition()], token.offset);
    }
  }

  #addition(): Expression {
    return this.#leftAssociative(["+", "-"], () => this.#leftAssociative(["*", "/", "%"], () => this.#unary()));
  }

  #leftAssociative(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    for (let length = 1; ; length++) {
      this.#bound(length);
      const token = this.#token();
      if (token.kind !== "symbol" || !operators.includes(token.text)) return left;
      this.#at++;
      left = call(`_${token.text}_`, [left, operand()], token.offset);
    }
  }

  #unary(): Expression {
    const token = this.#token();
    if (token.kind !== "symbol" || (token.text !== "!" && token.text !== "-")) return this.#member();
    let count = 0;
    let sign = token;
    for (let next = this.#take(token.text); next !== undefined; next = this.#take(token.text)) {
      count++;
      sign = next;
    }
    const number = this.#token();
    if (token.text === "-" && number.kind === "literal" && isSigned(number.value)) {
      count--;
      const operand = this.#member(sign);
      return count % 2 === 0 ? operand : call("-_", [operand], token.offset);
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return call(token.text === "!" ? "!_" : "-_", [operand], token.offset);
  }

  #member(sign?: Token): Expression {
    let operand = this.#primary(sign);
    for (let length = 1; ; length++) {
      this.#bound(length);
      const dot = this.#take(".");
      if (dot !== undefined) {
        operand = this.#field(operand, dot);
        continue;
      }
      const bracket = this.#take("[");
      if (bracket === undefined) return operand;
      const optional = this.#take("?") !== undefined;
      const found = this.#token();
      if (!optional && (found.kind === "end" || found.text === "]")) throw this.#unexpected(found, indexWanted);
      const index = this.#expression();
      this.#need("]");
      operand = call(optional ? "_[?_]" : "_[_]", [operand, index], bracket.offset);
    }
  }

  #field(operand: Expression, dot: Token): Expression {
    const optional = this.#take("?") !== undefined;
    const token = this.#token();
    if (token.kind !== "identifier")
      throw optional ? this.#unexpected(token, "{IDENTIFIER, ESC_IDENTIFIER}") : unviable(token);
    if (token.quoted && !this.#quotedFields) throw new CelSyntaxError(token.offset, "unsupported syntax: '`'");
    if (!optional && isWord(token, "in")) throw unviable(token);
    if (isWord(token, "true", "false", "null", ...(optional ? ["in"] : []))) {
      throw this.#unexpected(token, optional ? "{IDENTIFIER, ESC_IDENTIFIER}" : "IDENTIFIER");
    }
    this.#at++;
    const open = optional || token.quoted ? undefined : this.#take("(");
    if (open === undefined) {
      return { kind: "select", operand, field: token.text, test: false, optional, offset: dot.offset };
    }
    const values = this.#arguments();
    return (
      expandMacro(token.text, operand, values, open.offset, this.#bindings) ?? {
        kind: "call",
        name: token.text,
        target: operand,
        arguments: values,
        offset: open.offset,
      }
    );
  }

  #arguments(): readonly Expression[] {
    const values: Expression[] = [];
    if (this.#take(")") !== undefined) return values;
    this.#expectMore(argumentWanted);
    do values.push(this.#expression());
    while (this.#take(",") !== undefined);
    this.#need(")");
    return values;
  }

  #primary(sign: Token | undefined): Expression {
    const token = this.#token();
    this.#at++;
    if (token.kind === "literal") return literal(token, sign);
    if (token.kind === "identifier" && token.quoted !== true) return this.#named(token, "");
    if (token.kind === "symbol") {
      if (token.text === "(") {
        const inner = this.#expression();
        this.#need(")");
        return inner;
      }
      if (token.text === "[") return this.#list(token);
      if (token.text === "{") return this.#map(token);
      if (token.text === ".") {
        const name = this.#token();
        if (name.kind !== "identifier") throw unviable(name);
        this.#at++;
        return this.#named(name, ".");
      }
    }
    throw this.#unexpected(token, expressionWanted, this.#startsExpression(this.#tokens[this.#at]));
  }

  #named(token: Token, lead: string): Expression {
    const { text, offset } = token;
    if (lead === "") {
      if (text === "true" || text === "false")
        return { kind: "literal", value: text === "true", type: boolType, offset };
      if (text === "null") return { kind: "literal", value: null, type: nullType, offset };
      if (text === "in") throw this.#unexpected(token, expressionWanted, this.#startsExpression(this.#token()));
    }
    if (reserved.has(text)) throw new CelSyntaxError(offset, `reserved identifier: ${text}`);
    const struct = this.#structAfter(lead + text, offset);
    if (struct !== undefined) return struct;
    const open = this.#take("(");
    if (open === undefined) return { kind: "identifier", name: lead + text, offset };
    const values = this.#arguments();
    return expandMacro(text, undefined, values, open.offset, this.#bindings) ?? call(lead + text, values, open.offset);
  }

  /** `a.b.C{…}`: a message when a brace follows the dotted name. */
  #structAfter(first: string, offset: number): StructLiteral | undefined {
    const start = this.#at;
    let name = first;
    while (this.#take(".") !== undefined) {
      const token = this.#token();
      if (token.kind !== "identifier" || token.quoted) break;
      this.#at++;
      name += `.${token.text}`;
    }
    const brace = this.#take("{");
    if (brace === undefined) {
      this.#at = start;
      return undefined;
    }
    return { kind: "struct", typeName: name, fields: this.#structFields(), offset: brace.offset || offset };
  }

  #structFields(): StructLiteral["fields"] {
    const fields: StructLiteral["fields"][number][] = [];
    while (this.#take("}") === undefined) {
      const optional = this.#take("?") !== undefined;
      const token = this.#token();
      if (token.kind !== "identifier") throw this.#unexpected(token, "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}");
      this.#at++;
      const colon = this.#need(":");
      fields.push({ name: token.text, value: this.#expression(), optional, offset: colon.offset });
      if (this.#continues("}")) continue;
      break;
    }
    return fields;
  }

  #list(open: Token): Expression {
    const elements: { value: Expression; optional: boolean }[] = [];
    this.#expectMore(elementWanted);
    while (this.#take("]") === undefined) {
      const optional = this.#take("?") !== undefined;
      elements.push({ value: this.#expression(), optional });
      if (this.#continues("]")) continue;
      break;
    }
    return { kind: "list", elements, offset: open.offset };
  }

  #map(open: Token): Expression {
    const entries: { key: Expression; value: Expression; optional: boolean }[] = [];
    this.#expectMore(entryWanted);
    while (this.#take("}") === undefined) {
      const optional = this.#take("?") !== undefined;
      const key = this.#expression();
      this.#need(":");
      entries.push({ key, value: this.#expression(), optional });
      if (this.#continues("}")) continue;
      break;
    }
    return { kind: "map", entries, offset: open.offset };
  }
}

function isWord(token: Token, ...words: readonly string[]): boolean {
  return token.kind === "identifier" && token.quoted !== true && words.includes(token.text);
}

/** What comes after a dot and is no name. */
function unviable({ kind, text, offset }: Token): CelSyntaxError {
  return new CelSyntaxError(offset, `Syntax error: no viable alternative at input '.${kind === "end" ? "" : text}'`);
}

/** What only the end of the text is in the way of. */
function missing(symbol: string, end: Token): CelSyntaxError {
  return new CelSyntaxError(end.offset, `Syntax error: missing '${symbol}' at '<EOF>'`);
}

function balanced(name: string, terms: readonly Expression[], offsets: readonly number[]): Expression {
  const [first] = terms;
  if (first === undefined) throw new RangeError("no terms");
  if (terms.length === 1) return first;
  const middle = Math.ceil(terms.length / 2);
  const left = balanced(name, terms.slice(0, middle), offsets.slice(0, middle - 1));
  const right = balanced(name, terms.slice(middle), offsets.slice(middle));
  return call(name, [left, right], offsets[middle - 1] ?? first.offset);
}

function call(name: string, values: readonly Expression[], offset: number): Expression {
  return { kind: "call", name, target: undefined, arguments: values, offset };
}

function isSigned(value: Value | undefined): boolean {
  return typeof value === "bigint" || typeof value === "number";
}

/** A negative number starts at its sign. */
function literal({ value = null, offset: start }: Token, sign: Token | undefined): Expression {
  const negative = sign !== undefined;
  const offset = sign?.offset ?? start;
  if (typeof value === "bigint") {
    const signed = negative ? -value : value;
    if (signed < int64.least || signed > int64.most) throw new CelSyntaxError(offset, "invalid int literal");
    return { kind: "literal", value: signed, type: intType, offset };
  }
  if (value instanceof Uint && value.value >= 2n ** 64n) throw new CelSyntaxError(offset, "invalid uint literal");
  if (typeof value === "number" && !Number.isFinite(value)) throw new CelSyntaxError(offset, "invalid double literal");
  const signed = negative && typeof value === "number" ? -value : value;
  return { kind: "literal", value: signed, type: literalType(value), offset };
}

function literalType(value: Value): CelType {
  if (typeof value === "number") return doubleType;
  if (typeof value === "string") return stringType;
  return value instanceof Uint ? uintType : bytesType;
}
