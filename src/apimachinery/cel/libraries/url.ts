import { define, type Library, matchCost, method, sizeOfFirst, traverseFirst } from "../functions.ts";
import { findAllPattern, findPattern } from "../regex.ts";
import { type Size, unknownSize } from "../sizes.ts";
import { boolType, intType, listOf, mapOf, opaque, stringType } from "../types.ts";
import { CelError, EntriesMap, OpaqueValue } from "../values.ts";

const urlType = opaque("kubernetes.URL");

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

class UrlValue extends OpaqueValue {
  readonly typeName = "kubernetes.URL";
  readonly text: string;
  readonly parts: Parts;
  constructor(text: string, parts: Parts) {
    super();
    this.text = text;
    this.parts = parts;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

/** As Go's `url.ParseRequestURI`: an absolute URI or an absolute path, without a fragment; what has no slash is opaque. */
function parse(text: string): UrlValue | undefined {
  if (text === "" || /\p{Cc}/u.test(text)) return undefined;
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?]*))?([^?]*)(?:\?([\s\S]*))?$/.exec(text);
  if (match === null) return undefined;
  const [, scheme = "", authority, path = "", query = ""] = match;
  if (scheme === "" && !path.startsWith("/")) return undefined;
  if (scheme !== "" && authority === undefined && !path.startsWith("/")) {
    return new UrlValue(text, { scheme: scheme.toLowerCase(), host: "", path: "", query });
  }
  if (authority === undefined && scheme === "" && text.startsWith("//")) return undefined;
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  const host = hostOf(authority ?? "");
  if (host === undefined) return undefined;
  return new UrlValue(text, { scheme: scheme.toLowerCase(), host, path, query });
}

function hostOf(authority: string): string | undefined {
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const bracketed = /^\[[0-9a-fA-F:.%A-Za-z]*\](:\d*)?$/;
  if (host.startsWith("[")) return bracketed.test(host) ? host : undefined;
  if (!/^[^\s[\]<>"\\^`{|}]*$/.test(host) || /%(?![0-9a-fA-F]{2})/.test(host)) return undefined;
  const colon = host.indexOf(":");
  return colon >= 0 && !/^\d*$/.test(host.slice(colon + 1)) ? undefined : host;
}

function need(text: string): UrlValue {
  const parsed = parse(text);
  if (parsed === undefined)
    throw new CelError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    );
  return parsed;
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
    define("isURL", [stringType], boolType, (text: string) => parse(text) !== undefined),
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
