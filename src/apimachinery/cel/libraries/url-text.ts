import { quote } from "../../validation/index.ts";
import type { Parsed } from "./strict-address.ts";

export interface UrlParts {
  readonly scheme: string;
  /** With the port, without who logs in; unescaped. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/** What follows a hash is checked with the rest, and belongs to no part of it. */
export function parseUrl(text: string): Parsed<UrlParts> {
  const parsed = parseRequest(text);
  const hash = text.indexOf("#");
  return hash < 0 || "problem" in parsed ? parsed : parseRequest(text.slice(0, hash));
}

/** As Go's `url.ParseRequestURI`: an absolute URI or an absolute path; what has a scheme and no slash is opaque. */
function parseRequest(text: string): Parsed<UrlParts> {
  if ([...text].some((character) => character < " " || character === "\x7f")) {
    return { problem: "net/url: invalid control character in URL" };
  }
  if (text === "") return { problem: "empty url" };
  if (text === "*") return { value: { scheme: "", host: "", path: "*", query: "" } };
  const { scheme, rest: whole } = schemeOf(text);
  if (scheme === undefined) return { problem: "missing protocol scheme" };
  const mark = whole.indexOf("?");
  const [rest, query] = mark < 0 ? [whole, ""] : [whole.slice(0, mark), whole.slice(mark + 1)];
  if (!rest.startsWith("/")) {
    if (scheme === "") return { problem: "invalid URI for request" };
    return { value: { scheme, host: "", path: "", query } };
  }
  const hasAuthority = rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"));
  if (!hasAuthority || scheme === "") return located(scheme, "", rest, query);
  const slash = rest.indexOf("/", 2);
  const [authority, path] = slash < 0 ? [rest.slice(2), ""] : [rest.slice(2, slash), rest.slice(slash)];
  const login = authority.lastIndexOf("@");
  const host = hostOf(authority.slice(login + 1));
  if ("problem" in host) return host;
  if (login >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, login))) {
    return { problem: "net/url: invalid userinfo" };
  }
  return located(scheme, host.value, path, query);
}

function located(scheme: string, host: string, path: string, query: string): Parsed<UrlParts> {
  const escape = badEscape(path);
  return escape === undefined ? { value: { scheme, host, path, query } } : { problem: escape };
}

/** Undefined: a colon comes first. Empty: there is none. */
function schemeOf(text: string): { readonly scheme: string | undefined; readonly rest: string } {
  if (text.startsWith(":")) return { scheme: undefined, rest: "" };
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  if (match === null) return { scheme: "", rest: text };
  return { scheme: (match[1] ?? "").toLowerCase(), rest: text.slice(match[0].length) };
}

function badEscape(text: string): string | undefined {
  const at = text.search(/%(?![0-9a-fA-F]{2})/);
  return at < 0 ? undefined : `invalid URL escape ${quote(text.slice(at, at + 3))}`;
}

function hostOf(host: string): Parsed<string> {
  if (!host.startsWith("[")) {
    const colon = host.indexOf(":");
    const port = colon < 0 ? "" : host.slice(colon);
    if (!/^(:\d*)?$/.test(port)) return { problem: `invalid port ${quote(port)} after host` };
    return unescapedHost(host);
  }
  const end = host.lastIndexOf("]");
  if (end < 0) return { problem: "missing ']' in host" };
  const port = host.slice(end + 1);
  if (!/^(:\d*)?$/.test(port)) return { problem: `invalid port ${quote(port)} after host` };
  const zone = host.indexOf("%25");
  if (zone < 0 || zone > end) return unescapedHost(host);
  return { value: `${host.slice(0, zone)}${decodeURIComponent(host.slice(zone, end))}${host.slice(end)}` };
}

const hostCharacter = /[A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"\u0080-\uffff]/;

/** Escapes stand only for what is not ASCII. */
function unescapedHost(host: string): Parsed<string> {
  for (const [part] of host.matchAll(/%[0-9a-fA-F]{2}|[\s\S]/g)) {
    if (part === "%") return { problem: badEscape(host) ?? "" };
    if (/^%[0-7]/.test(part)) return { problem: `invalid URL escape ${quote(part)}` };
    if (part.length === 1 && !hostCharacter.test(part))
      return { problem: `invalid character ${quote(part)} in host name` };
  }
  try {
    return { value: decodeURIComponent(host) };
  } catch {
    return { value: host };
  }
}
