import { parseJson } from "./exact-json.ts";

export type JsonKind = "object" | "array" | "string" | "number" | "bool" | "null";

/** Walks over valid JSON text value by value, in the order of the text. */
export class JsonTokens {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Of the value that comes next. */
  kind(): JsonKind {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return "object";
      case "[":
        return "array";
      case '"':
        return "string";
      case "t":
      case "f":
        return "bool";
      case "n":
        return "null";
      default:
        return "number";
    }
  }

  /** The text of the next value, which is passed over. */
  raw(): string {
    this.#skipSpace();
    const start = this.#at;
    this.skip();
    return this.#text.slice(start, this.#at);
  }

  parsed(): unknown {
    return parseJson(this.raw());
  }

  /** `visit` must pass over the member's value. */
  eachMember(visit: (key: string) => void): void {
    for (const _ of this.#elements("}")) {
      const key = this.parsed() as string;
      this.#skipSpace();
      this.#at++;
      visit(key);
    }
  }

  /** `visit` must pass over the item. */
  eachItem(visit: (index: number) => void): void {
    for (const index of this.#elements("]")) visit(index);
  }

  skip(): void {
    const kind = this.kind();
    if (kind === "string") this.#skipString();
    else if (kind === "object" || kind === "array") this.#skipNested();
    else while (!" \t\r\n,:]}".includes(this.#text[this.#at] ?? ",")) this.#at++;
  }

  *#elements(closing: string): Generator<number> {
    this.#skipSpace();
    this.#at++;
    this.#skipSpace();
    for (let index = 0; this.#text[this.#at] !== closing; index++) {
      yield index;
      this.#skipSpace();
      if (this.#text[this.#at] === ",") this.#at++;
      this.#skipSpace();
    }
    this.#at++;
  }

  #skipNested(): void {
    let depth = 0;
    do {
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#skipString();
        continue;
      }
      if (character === "{" || character === "[") depth++;
      else if (character === "}" || character === "]") depth--;
      this.#at++;
    } while (depth > 0);
  }

  #skipString(): void {
    this.#at++;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    this.#at++;
  }

  #skipSpace(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "?")) this.#at++;
  }
}
