import type { RequestInfo } from "./contract.ts";
import { decodeBytes, type Query } from "./query.ts";

const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Subresources of a namespace itself; anything else after its name is a resource inside it. */
const namespaceSubresources: ReadonlySet<string> = new Set(["status", "finalize"]);
const noParts: readonly string[] = [];

/** What a request asks for, by upstream's rules for paths (`RequestInfoFactory.NewRequestInfo`). */
export function parseRequestInfo(method: string, path: string, query: Query): RequestInfo {
  const parts = splitPath(path);
  const prefix = parts[0] ?? "";
  const grouped = prefix === "apis";
  if ((prefix !== "api" && !grouped) || parts.length < (grouped ? 4 : 3)) return nonResource(method, path);
  const group = grouped ? (parts[1] ?? "") : "";
  const version = (grouped ? parts[2] : parts[1]) ?? "";
  return resourceInfo(method, path, query, { prefix, group, version }, parts.slice(grouped ? 3 : 2));
}

/** A path with an escape that is none. */
export class MalformedPathError extends Error {}

/** Escaped slashes are slashes, too, as upstream has it. Throws `MalformedPathError`. */
export function splitPath(path: string): string[] {
  const decoded = decodedPath(path);
  const trimmed = decoded.charCodeAt(decoded.length - 1) === 0x2f ? decoded.slice(1, -1) : decoded.slice(1);
  return trimmed === "" ? [] : trimmed.split("/");
}

/** A path without its escapes. Throws `MalformedPathError`. */
export function decodedPath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw new MalformedPathError(path);
    return decodeBytes(path);
  }
}

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix: "",
    apiGroup: "",
    apiVersion: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    parts: noParts,
  };
}

interface ApiBase {
  readonly prefix: string;
  readonly group: string;
  readonly version: string;
}

function resourceInfo(method: string, path: string, query: Query, api: ApiBase, rest: readonly string[]): RequestInfo {
  let parts = rest;
  let verb = verbs[method] ?? "";
  if (parts[0] === "watch" && parts.length > 1) {
    verb = "watch";
    parts = parts.slice(1);
  }
  let namespace = "";
  if (parts[0] === "namespaces" && parts.length > 1) {
    namespace = parts[1] ?? "";
    if (parts.length > 2 && !namespaceSubresources.has(parts[2] ?? "")) parts = parts.slice(2);
  }
  const resource = parts[0] ?? "";
  let name = parts[1] ?? "";
  const subresource = parts[2] ?? "";
  const fieldSelector = query.get("fieldSelector");
  const labelSelector = query.get("labelSelector");
  if (name === "" && verb === "get") verb = query.flag("watch") ? "watch" : "list";
  else if (name === "" && verb === "delete") verb = "deletecollection";
  if (
    name === "" &&
    fieldSelector !== undefined &&
    (verb === "list" || verb === "watch" || verb === "deletecollection")
  ) {
    name = nameIn(fieldSelector);
  }
  return {
    isResourceRequest: true,
    path,
    verb,
    apiPrefix: api.prefix,
    apiGroup: api.group,
    apiVersion: api.version,
    namespace,
    resource,
    subresource,
    name,
    parts,
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}

/** A selector for one name lets rules with `resourceNames` apply to lists and watches. */
function nameIn(fieldSelector: string): string {
  for (const term of fieldSelector.split(",")) {
    const match = /^metadata\.name==?([^=!]+)$/.exec(term);
    if (match?.[1] !== undefined && !match[1].includes("/")) return match[1];
  }
  return "";
}
