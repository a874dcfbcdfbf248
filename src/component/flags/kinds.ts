import { formatDuration, parseDuration } from "./duration.ts";

/** One type of flag value, as pflag has them. Methods, so that a `FlagKind<string>` is a `FlagKind<unknown>`. */
export interface FlagKind<T> {
  /** What help shows after the name. */
  readonly typeName: string;
  /** Reads one value. `before` is what an earlier occurrence of the same flag set. Throws the reason only. */
  parse(text: string, before: T | undefined): T;
  /** As help shows a default; the empty string for none. */
  format(value: T): string;
  /** The value of the flag without one, as for booleans. */
  readonly withoutValue?: string;
}

export const textKind: FlagKind<string> = {
  typeName: "string",
  parse: (text) => text,
  format: (value) => (value === "" ? "" : JSON.stringify(value)),
};

export const booleanKind: FlagKind<boolean> = {
  typeName: "",
  parse: (text) => {
    if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
    if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false;
    throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  },
  format: (value) => (value ? "true" : ""),
  withoutValue: "true",
};

export const integerKind: FlagKind<number> = {
  typeName: "int",
  parse: (text) => {
    if (!/^[+-]?(?:0x[0-9a-f]+|0b[01]+|0o?[0-7]+|\d+)$/i.test(text)) {
      throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    const value = readInteger(text);
    if (!Number.isSafeInteger(value)) {
      throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
    }
    return value;
  },
  format: (value) => (value === 0 ? "" : String(value)),
};

export const numberKind: FlagKind<number> = {
  typeName: "float",
  parse: (text) => {
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) {
      throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    return value;
  },
  format: (value) => (value === 0 ? "" : String(value)),
};

/** Milliseconds, written as a Go duration. */
export const durationKind: FlagKind<number> = {
  typeName: "duration",
  parse: parseDuration,
  format: (value) => (value === 0 ? "" : formatDuration(value)),
};

/** Comma-separated; the first occurrence replaces the default, later ones add to it. */
export const textListKind: FlagKind<readonly string[]> = {
  typeName: "strings",
  parse: (text, before = []) => [...before, ...splitCsv(text)],
  format: (value) => (value.length === 0 ? "" : `[${value.join(",")}]`),
};

/** One value per occurrence; commas are part of it. */
export const textArrayKind: FlagKind<readonly string[]> = {
  typeName: "stringArray",
  parse: (text, before = []) => [...before, text],
  format: (value) => (value.length === 0 ? "" : `[${value.join(",")}]`),
};

/** `a=x,b=y`, in one or several occurrences. */
export const mapKind: FlagKind<Readonly<Record<string, string>>> = {
  typeName: "mapStringString",
  parse: (text, before = {}) => {
    const result: Record<string, string> = { ...before };
    for (const pair of splitCsv(text)) {
      const at = pair.indexOf("=");
      if (at < 0) throw new Error(`malformed pair, expect string=string`);
      result[pair.slice(0, at).trim()] = pair.slice(at + 1).trim();
    }
    return result;
  },
  format: (value) =>
    Object.entries(value)
      .map(([key, item]) => `${key}=${item}`)
      .join(","),
};

/** `A=true,B=false`, as feature gates are written. */
export const booleanMapKind: FlagKind<Readonly<Record<string, boolean>>> = {
  typeName: "mapStringBool",
  parse: (text, before = {}) => {
    const result: Record<string, boolean> = { ...before };
    for (const pair of text.split(",").filter((part) => part !== "")) {
      const at = pair.indexOf("=");
      if (at < 0) throw new Error(`malformed pair, expect string=bool`);
      const value = pair.slice(at + 1).trim();
      try {
        result[pair.slice(0, at).trim()] = booleanKind.parse(value, undefined);
      } catch (error) {
        throw new Error(`invalid value of ${pair.slice(0, at).trim()}: ${value}, err: ${(error as Error).message}`);
      }
    }
    return result;
  },
  format: (value) =>
    Object.entries(value)
      .map(([key, item]) => `${key}=${item}`)
      .join(","),
};

function readInteger(text: string): number {
  const [, sign = "", digits = ""] = /^([+-]?)(.*)$/.exec(text) ?? [];
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  return sign === "-" ? -Number(octal) : Number(octal);
}

/** Fields may be quoted, and then hold commas; a quote is doubled. */
function splitCsv(text: string): readonly string[] {
  if (text === "") return [];
  if (!text.includes('"')) return text.split(",");
  const fields: string[] = [];
  const pattern = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g;
  for (const [, quoted, plain] of text.matchAll(pattern)) fields.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
  return fields;
}
