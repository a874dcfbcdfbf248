/** A URL as Go's parser takes it apart. What it lacks is undefined, and so is a user that is not there. */
export interface GoUrl {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly host: string;
  readonly query: string;
  readonly fragment: string;
}

/** Scheme, user and host, query, fragment: all of them may be missing. */
const urlParts = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s;

/** The parts, or what Go's parser refuses, in its words. It takes more for a URL than browsers do. */
export function parseGoUrl(text: string): GoUrl | string {
  const parts = urlParts.exec(text);
  const wrong = urlError(text, parts?.[3] ?? "");
  if (parts === null || wrong !== undefined) return wrong ?? `parse ${JSON.stringify(text)}: invalid URL`;
  const [, scheme = "", user, host = "", query = "", fragment = ""] = parts;
  return { scheme: scheme.toLowerCase(), user, host, query, fragment };
}

function urlError(url: string, host: string): string | undefined {
  const shown = JSON.stringify(url);
  const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(url);
  if ([...url].some((character) => character < " " || character === "\x7f")) {
    return `parse ${shown}: net/url: invalid control character in URL`;
  }
  if (url.startsWith(":")) return `parse ${shown}: missing protocol scheme`;
  const port = /:([^:\]]*)$/.exec(host)?.[0];
  if (host.startsWith("[") && !host.includes("]")) return `parse ${shown}: missing ']' in host`;
  if (port !== undefined && !/^:[0-9]*$/.test(port))
    return `parse ${shown}: invalid port ${JSON.stringify(port)} after host`;
  if (escape !== null) return `parse ${shown}: invalid URL escape ${JSON.stringify(escape[0])}`;
  if (host.includes(" ")) return `parse ${shown}: invalid character " " in host name`;
  const [first = ""] = url.split("/");
  if (first.includes(":") && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(first)) {
    return `parse ${shown}: first path segment in URL cannot contain colon`;
  }
  return undefined;
}

const keptInPaths = /%(?:24|26|2B|2C|3A|3B|3D|40)/g;

/** A path with the escapes that Go's `URL.EscapedPath` writes. */
export function goEscapedPath(path: string): string {
  return path
    .split("/")
    .map((part) =>
      encodeURIComponent(part.toWellFormed())
        .replace(keptInPaths, decodeURIComponent)
        .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join("/");
}
