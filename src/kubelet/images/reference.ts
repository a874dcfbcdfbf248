/** A container image reference, taken apart by the distribution grammar. */
export interface ImageReference {
  /** Registry host; `docker.io` when the name has none. */
  readonly domain: string;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const domainPattern =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]+)?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** `undefined` for a name that no registry would take. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text === "" || text !== text.trim()) return undefined;
  const [named = "", digest, ...more] = text.split("@");
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) return undefined;
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const name = tagged ? named.slice(0, colon) : named;
  const tag = tagged ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !tagPattern.test(tag)) return undefined;
  const { domain, path } = split(name);
  if (!domainPattern.test(domain) || !pathPattern.test(path) || name.length > 255) return undefined;
  return { domain, path, tag, digest };
}

function split(name: string): { readonly domain: string; readonly path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  if (!isDomain) return { domain: "docker.io", path: name.includes("/") ? name : `library/${name}` };
  return { domain: first, path: name.slice(slash + 1) };
}

/** Adds `:latest` where there is neither tag nor digest. `undefined` for an invalid name. */
export function withDefaultTag(text: string): string | undefined {
  const reference = parseImageReference(text);
  if (reference === undefined) return undefined;
  return reference.tag === undefined && reference.digest === undefined ? `${text}:latest` : text;
}
