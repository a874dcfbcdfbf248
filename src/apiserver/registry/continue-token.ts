import { newBadRequest } from "../../apimachinery/index.ts";

export interface Continuation {
  /** The revision of the first page; -1 to go on at the present state. */
  readonly revision: number;
  /** The last key of the page before. */
  readonly startAfter: string;
}

const tokenVersion = "meta.k8s.io/v1";

/** Upstream's token: base64url of `{"v":…,"rv":…,"start":…}`, the start relative to the collection's prefix. */
export function encodeContinue({ revision, startAfter }: Continuation, prefix: string): string {
  const token = { v: tokenVersion, rv: revision, start: `${startAfter.slice(prefix.length)}\0` };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

export function decodeContinue(text: string, prefix: string): Continuation {
  const token = parse(text);
  if (token.v !== tokenVersion)
    throw newBadRequest(
      `continue key is not valid: server does not recognize this encoded version ${JSON.stringify(token.v ?? "")}`,
    );
  const { rv, start } = token;
  if (typeof rv !== "number" || rv === 0 || !Number.isSafeInteger(rv)) {
    throw newBadRequest("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  if (typeof start !== "string" || start === "") {
    throw newBadRequest("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
  }
  if (start.split("/").some((part) => part === ".."))
    throw newBadRequest(`continue key is not valid: ${JSON.stringify(start)}`);
  return { revision: rv, startAfter: prefix + (start.endsWith("\0") ? start.slice(0, -1) : start) };
}

function parse(text: string): { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw newBadRequest(`continue key is not valid: ${error instanceof Error ? error.message : "malformed"}`);
  }
  throw newBadRequest("continue key is not valid: malformed");
}
