import { Uint, type Value } from "./values.ts";

export interface Token {
  readonly kind: "identifier" | "literal" | "symbol" | "end";
  readonly text: string;
  readonly offset: number;
  readonly value?: Value;
  /** `a.`b-c``: a field name that is no identifier. */
  readonly quoted?: true;
}

/** A text that is no expression. */
export class CelSyntaxError extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const symbols = ["&&", "||", "==", "!=", "<=", ">=", ..."()[]{}.,:?!<>+-*/%"];
const number = /^(0[xX][0-9a-fA-F]+[uU]?|(\d+\.\d+([eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+([eE][+-]?\d+)?)|\d+[uU]?)/;
const prefix = /^([rR]?[bB]?|[bB][rR])("""|'''|"|')/;

/** The words of an expression. Offsets count code points, as error columns do. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let offset = 0;
  const advance = (length: number) => {
    offset += codePoints(text, at, at + length);
    at += length;
  };
  while (at < text.length) {
    const space = /^(\s+|\/\/[^\n]*)/.exec(text.slice(at, at + 4096));
    if (space !== null) {
      advance(space[0].length);
      continue;
    }
    const [token, length] = next(text, at, offset, tokens.at(-1));
    tokens.push(token);
    advance(length);
  }
  tokens.push({ kind: "end", text: "<EOF>", offset });
  return tokens;
}

function codePoints(text: string, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; index++) if ((text.charCodeAt(index) & 0xfc00) !== 0xdc00) count++;
  return count;
}

function next(text: string, at: number, offset: number, before: Token | undefined): readonly [Token, number] {
  const rest = text.slice(at);
  const opening = prefix.exec(rest);
  if (opening !== null) return readText(rest, offset, opening[1] ?? "", opening[2] ?? '"');
  const word = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest)?.[0];
  if (word !== undefined) return [{ kind: "identifier", text: word, offset }, word.length];
  const digits = number.exec(rest)?.[0];
  if (digits !== undefined && !(digits.startsWith(".") && before?.kind === "identifier")) {
    return [{ kind: "literal", text: digits, offset, value: readNumber(digits) }, digits.length];
  }
  if (rest.startsWith("`")) {
    const quoted = /^`([A-Za-z0-9_.\-/ ]+)`/.exec(rest);
    if (quoted !== null) {
      return [{ kind: "identifier", text: quoted[1] ?? "", offset, quoted: true }, quoted[0].length];
    }
  }
  const symbol = symbols.find((candidate) => rest.startsWith(candidate));
  if (symbol === undefined) {
    const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    throw new CelSyntaxError(offset, `Syntax error: token recognition error at: '${character}'`);
  }
  return [{ kind: "symbol", text: symbol, offset }, symbol.length];
}

/** Integers are checked for their range by the parser, which knows the sign before them. */
function readNumber(text: string): Value {
  if (/^0[xX]/.test(text)) {
    return /[uU]$/.test(text) ? new Uint(BigInt(text.slice(0, -1))) : BigInt(text);
  }
  if (/[.eE]/.test(text)) return Number(text);
  return /[uU]$/.test(text) ? new Uint(BigInt(text.slice(0, -1))) : BigInt(text);
}

function readText(rest: string, offset: number, marks: string, quote: string): readonly [Token, number] {
  const raw = /r/i.test(marks);
  const bytes = /b/i.test(marks);
  let at = marks.length + quote.length;
  const start = at;
  while (!rest.startsWith(quote, at)) {
    const character = rest[at];
    if (character === undefined || (quote.length === 1 && (character === "\n" || character === "\r"))) {
      throw new CelSyntaxError(offset, `Syntax error: token recognition error at: '${rest.slice(0, at)}'`);
    }
    at += character === "\\" && !raw ? 2 : 1;
  }
  const body = rest.slice(start, at);
  const text = rest.slice(0, at + quote.length);
  const value = bytes ? bytesOf(body, raw, offset) : raw ? body : unescape(body, offset);
  return [{ kind: "literal", text, offset, value }, text.length];
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
};
const escape = /\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2}|[abfnrtv\\?"'`])|\\/g;

function unescape(body: string, offset: number): string {
  return body.replace(escape, (whole, code: string | undefined) => {
    if (code === undefined) throw new CelSyntaxError(offset, `Syntax error: token recognition error at: '${whole}'`);
    const point = pointOf(code);
    if (point === undefined) return escapes[code] ?? code;
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      throw new CelSyntaxError(offset, "invalid unicode code point");
    }
    return String.fromCodePoint(point);
  });
}

function pointOf(code: string): number | undefined {
  if (/^[uUxX]/.test(code)) return Number.parseInt(code.slice(1), 16);
  return /^[0-3]/.test(code) ? Number.parseInt(code, 8) : undefined;
}

/** In bytes, `\x` and octal escapes are bytes; other text is its UTF-8. */
function bytesOf(body: string, raw: boolean, offset: number): Uint8Array {
  if (raw) return new TextEncoder().encode(body);
  const parts: Uint8Array[] = [];
  let last = 0;
  for (const match of body.matchAll(escape)) {
    parts.push(new TextEncoder().encode(body.slice(last, match.index)));
    const code = match[1] ?? "";
    if (/^[uU]/.test(code)) throw new CelSyntaxError(offset, "unable to unescape string");
    const point = pointOf(code);
    parts.push(point === undefined ? new TextEncoder().encode(escapes[code] ?? code) : Uint8Array.of(point));
    last = match.index + match[0].length;
  }
  parts.push(new TextEncoder().encode(body.slice(last)));
  return new Uint8Array(Buffer.concat(parts));
}
