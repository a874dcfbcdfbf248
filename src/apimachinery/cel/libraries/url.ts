import { define, type Library, matchCost, method, sizeOfFirst, traverseFirst } from "../functions.ts";
import { findAllPattern, findPattern } from "../regex.ts";
import { type Size, unknownSize } from "../sizes.ts";
import { boolType, intType, listOf, mapOf, opaque, stringType } from "../types.ts";
import { quote } from "../../validation/index.ts";
import { CelError, EntriesMap, OpaqueValue } from "../values.ts";
import { parseUrl, type UrlParts } from "./url-text.ts";

const urlType = opaque("kubernetes.URL");

class UrlValue extends OpaqueValue {
  readonly typeName = "kubernetes.URL";
  readonly text: string;
  readonly parts: UrlParts;
  constructor(text: string, parts: UrlParts) {
    super();
    this.text = text;
    this.parts = parts;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

function need(text: string): UrlValue {
  const parsed = parseUrl(text);
  if ("problem" in parsed) {
    const shown = quote(text);
    throw new CelError(`URL parse error during conversion from string: parse ${shown}: ${parsed.problem}`);
  }
  return new UrlValue(text, parsed.value);
}

function hostname({ parts: { host } }: UrlValue): string {
  return host.startsWith("[") ? host.slice(1, host.indexOf("]")) : host.replace(/:\d*$/, "");
}

function port({ parts: { host } }: UrlValue): string {
  return /:(\d*)$/.exec(host.slice(host.indexOf("]") + 1))?.[1] ?? "";
}

function escapedPath({ parts: { path } }: UrlValue): string {
  return path.replace(/[^A-Za-z0-9\-._~$&+,/:;=@!'()*%]/gu, (character) => encodeURIComponent(character));
}

function query({ parts }: UrlValue): EntriesMap {
  const values = new Map<string, string[]>();
  for (const part of parts.query.split("&")) {
    if (part === "" || part.includes(";")) continue;
    const [key = "", ...rest] = part.split("=");
    const [name, value] = [unescape(key), unescape(rest.join("="))];
    if (name === undefined || value === undefined) continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  const map = new EntriesMap();
  for (const [name, list] of values) map.add(name, list);
  return map;
}

function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

const reading = { cost: traverseFirst, resultSize: sizeOfFirst };

export const urlLibrary: Library = {
  overloads: [
    define("url", [stringType], urlType, need, reading),
    define("isURL", [stringType], boolType, (text: string) => "value" in parseUrl(text)),
    method("getScheme", [urlType], stringType, ({ parts }: UrlValue) => parts.scheme),
    method("getHost", [urlType], stringType, ({ parts }: UrlValue) => parts.host),
    method("getHostname", [urlType], stringType, hostname),
    method("getPort", [urlType], stringType, port),
    method("getEscapedPath", [urlType], stringType, escapedPath),
    method("getQuery", [urlType], mapOf(stringType, listOf(stringType)), query),
  ],
};

/** Each character may be a match. */
const search = {
  cost: matchCost,
  resultSize: ([text = unknownSize]: readonly Size[]): Size => ({ min: 0, max: text.max }),
};

export const regexLibrary: Library = {
  overloads: [
    method(
      "find",
      [stringType, stringType],
      stringType,
      (text: string, pattern: string) => {
        const match = findPattern(text, pattern, 0);
        return match === undefined ? "" : text.slice(...match);
      },
      search,
    ),
    method(
      "findAll",
      [stringType, stringType],
      listOf(stringType),
      (text: string, pattern: string) => findAllPattern(text, pattern, -1),
      search,
    ),
    method(
      "findAll",
      [stringType, stringType, intType],
      listOf(stringType),
      (text: string, pattern: string, most: bigint) => findAllPattern(text, pattern, Number(most)),
      search,
    ),
  ],
};
