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
    else if (first === '"') this.#pastString();
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
    const start = this.#at;
    this.#pastString();
    const written = this.#text.slice(start, this.#at);
    return written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1);
  }

  #pastString(): void {
    for (let end = this.#text.indexOf('"', this.#at + 1); ; end = this.#text.indexOf('"', end + 1)) {
      let backslashes = 0;
      while (this.#text[end - 1 - backslashes] === "\\") backslashes++;
      if (backslashes % 2 === 1) continue;
      this.#at = end + 1;
      return;
    }
  }

  #comma(): void {
    this.#space();
    if (this.#text[this.#at] === ",") this.#at++;
  }

  #space(): void {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at++;
  }
}
