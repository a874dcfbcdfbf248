/** The query of a request: first value of each name counts, as upstream's option decoding has it. */
export class Query {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
    this.#values = text === "" ? empty : parse(text);
  }

  get(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Go's `strconv.ParseBool` with upstream's leniency: everything but "", "0" and "false" is true. */
  flag(name: string): boolean {
    const value = this.get(name);
    return value !== undefined && value.toLowerCase() !== "false" && value !== "0";
  }

  names(): Iterable<string> {
    return this.#values.keys();
  }
}

const empty: ReadonlyMap<string, readonly string[]> = new Map();

function parse(text: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const pair of text.split("&")) {
    if (pair === "" || isMalformed(pair)) continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

/** What Go's parser leaves out. */
function isMalformed(pair: string): boolean {
  return pair.includes(";") || (pair.includes("%") && /%(?![0-9A-Fa-f]{2})/.test(pair));
}

function decode(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeBytes(spaced);
  }
}

/** Escapes that are well formed, of bytes that are no UTF-8. */
export function decodeBytes(text: string): string {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
