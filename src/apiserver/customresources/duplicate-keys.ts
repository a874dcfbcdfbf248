/** The paths of keys that stand twice in one object, in upstream's words and in the order of the text. JSON must be valid. */
export function duplicateKeys(json: string): string[] {
  const found: string[] = [];
  new Scanner(json, found).value("");
  return found;
}

class Scanner {
  readonly #text: string;
  readonly #found: string[];
  #at = 0;

  constructor(text: string, found: string[]) {
    this.#text = text;
    this.#found = found;
  }

  value(path: string): void {
    this.#space();
    const first = this.#text[this.#at];
    if (first === "{") this.#object(path);
    else if (first === "[") this.#array(path);
    else if (first === '"') this.#string();
    else while (this.#at < this.#text.length && !/[,\]}\s]/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #object(path: string): void {
    const seen = new Set<string>();
    this.#at++;
    for (this.#space(); this.#text[this.#at] !== "}"; this.#space()) {
      const key = this.#string();
      const at = path === "" ? key : `${path}.${key}`;
      if (seen.has(key)) this.#found.push(`duplicate field ${JSON.stringify(at)}`);
      seen.add(key);
      this.#space();
      this.#at++;
      this.value(at);
      this.#comma();
    }
    this.#at++;
  }

  #array(path: string): void {
    this.#at++;
    let index = 0;
    for (this.#space(); this.#text[this.#at] !== "]"; this.#space()) {
      this.value(`${path}[${index++}]`);
      this.#comma();
    }
    this.#at++;
  }

  #string(): string {
    const start = this.#at++;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #comma(): void {
    this.#space();
    if (this.#text[this.#at] === ",") this.#at++;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }
}
