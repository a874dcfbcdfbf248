/** Nesting at which Go's scanner gives up. */
const maxDepth = 10_000;

/**
 * What Go's `encoding/json` says of text that is not JSON, or undefined for text that is. `latin1`: each character of
 * the text stands for a byte.
 */
export function jsonSyntaxError(text: string, encoding: "utf8" | "latin1" = "utf8"): string | undefined {
  try {
    new SyntaxScanner(text, encoding).scan();
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxProblem) return error.message;
    throw error;
  }
}

class SyntaxProblem extends Error {}

class SyntaxScanner {
  readonly #text: string;
  readonly #encoding: "utf8" | "latin1";
  #at = 0;
  /** The closing bracket that each open object or array waits for. */
  readonly #open: ("}" | "]")[] = [];

  constructor(text: string, encoding: "utf8" | "latin1") {
    this.#text = text;
    this.#encoding = encoding;
  }

  scan(): void {
    this.#value();
    while (this.#open.length > 0) this.#afterValue();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#invalid("after top-level value");
  }

  /** A scalar, an empty object or array, or the beginning of one up to and with its first scalar. */
  #value(): void {
    while (this.#opensMore()) this.#skipSpace();
  }

  /** True after the beginning of an object or array whose first value comes next. */
  #opensMore(): boolean {
    this.#skipSpace();
    const character = this.#peek();
    if (character === "{") return this.#openObject();
    if (character === "[") return this.#openArray();
    if (character === '"') this.#string();
    else if (character === "-" || isDigit(character)) this.#number();
    else if (character === "t") this.#literal("true");
    else if (character === "f") this.#literal("false");
    else if (character === "n") this.#literal("null");
    else this.#invalid("looking for beginning of value");
    return false;
  }

  #openObject(): boolean {
    this.#push("}");
    this.#skipSpace();
    const isEmpty = this.#peek() === "}";
    if (isEmpty) this.#close();
    else this.#key();
    return !isEmpty;
  }

  #openArray(): boolean {
    this.#push("]");
    this.#skipSpace();
    const isEmpty = this.#peek() === "]";
    if (isEmpty) this.#close();
    return !isEmpty;
  }

  #afterValue(): void {
    this.#skipSpace();
    const character = this.#peek();
    const closing = this.#open.at(-1);
    if (character === closing) this.#close();
    else if (character !== ",") this.#invalid(closing === "}" ? "after object key:value pair" : "after array element");
    else {
      this.#at++;
      if (closing === "}") this.#key();
      this.#value();
    }
  }

  /** With the colon. */
  #key(): void {
    this.#skipSpace();
    if (this.#peek() !== '"') this.#invalid("looking for beginning of object key string");
    this.#string();
    this.#skipSpace();
    if (this.#peek() !== ":") this.#invalid("after object key");
    this.#at++;
  }

  #push(closing: "}" | "]"): void {
    if (this.#open.length >= maxDepth) this.#invalid("exceeded max depth");
    this.#open.push(closing);
    this.#at++;
  }

  #close(): void {
    this.#open.pop();
    this.#at++;
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const character = this.#peek();
      if (character === '"') break;
      if (character < " ") this.#invalid("in string literal");
      this.#at++;
      if (character === "\\") this.#escape();
    }
    this.#at++;
  }

  #escape(): void {
    const character = this.#peek();
    if (!'bfnrt\\/"u'.includes(character)) this.#invalid("in string escape code");
    this.#at++;
    if (character !== "u") return;
    for (let digit = 0; digit < 4; digit++) {
      if (!/[0-9a-fA-F]/.test(this.#peek())) this.#invalid("in \\u hexadecimal character escape");
      this.#at++;
    }
  }

  #number(): void {
    if (this.#peek() === "-") {
      this.#at++;
      if (!isDigit(this.#peek())) this.#invalid("in numeric literal");
    }
    if (this.#text[this.#at] === "0") this.#at++;
    else this.#digits();
    if (this.#text[this.#at] === ".") {
      this.#at++;
      if (!isDigit(this.#peek())) this.#invalid("after decimal point in numeric literal");
      this.#digits();
    }
    if (this.#text[this.#at] !== "e" && this.#text[this.#at] !== "E") return;
    this.#at++;
    if (this.#peek() === "+" || this.#peek() === "-") this.#at++;
    if (!isDigit(this.#peek())) this.#invalid("in exponent of numeric literal");
    this.#digits();
  }

  #digits(): void {
    while (isDigit(this.#text[this.#at] ?? "")) this.#at++;
  }

  #literal(word: string): void {
    for (const expected of word) {
      if (this.#peek() !== expected) this.#invalid(`in literal ${word} (expecting '${expected}')`);
      this.#at++;
    }
  }

  #skipSpace(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "?")) this.#at++;
  }

  #peek(): string {
    const character = this.#text[this.#at];
    if (character === undefined) throw new SyntaxProblem("unexpected end of JSON input");
    return character;
  }

  #invalid(where: string): never {
    this.#peek();
    // Go looks at bytes, and shows each as if it were a character.
    const [byte = 0] = Buffer.from(String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0), this.#encoding);
    const character = String.fromCharCode(byte);
    throw new SyntaxProblem(`invalid character ${quoted(character)} ${where}`);
  }
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

const escapes: Readonly<Record<string, string>> = {
  "'": "\\'",
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\x07": "\\a",
};

/** A character as Go quotes it. */
function quoted(character: string): string {
  const escaped = escapes[character];
  if (escaped !== undefined) return `'${escaped}'`;
  if (character >= " " && character !== "\x7f") return `'${character}'`;
  return `'\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}'`;
}
