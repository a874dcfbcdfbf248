import { posix } from "node:path";
import { jsonSyntaxError, newBadRequest, type StatusError } from "../../apimachinery/index.ts";

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

/** Throws upstream's 400 for a token that is none. */
export function decodeContinue(text: string, prefix: string): Continuation {
  const { v: version, rv, start } = parse(decodeBase64(text));
  if (version !== tokenVersion) throw invalidToken(`: server does not recognize this encoded version ${version}`);
  if (rv === 0) throw invalidToken(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (start === "") throw invalidToken(": encoded start key empty (version meta.k8s.io/v1)");
  const key = start.startsWith("/") ? start : `/${start}`;
  // Nobody may get out of the collection this way.
  if (posix.normalize(key).replace(/(?<=.)\/$/, "") !== key) throw invalidToken(`: ${start}`);
  const startAfter = key.slice(1);
  return {
    revision: rv,
    startAfter: prefix + (startAfter.endsWith("\0") ? startAfter.slice(0, -1) : startAfter),
  };
}

function invalidToken(why: string): StatusError {
  return newBadRequest(`invalid continue token: continue key is not valid${why}`);
}

/** Base64 for URLs without padding, as strictly as Go reads it. */
function decodeBase64(text: string): Buffer {
  const given = text.replace(/[\r\n]/g, "");
  const wrong = given.search(/[^A-Za-z0-9_-]/);
  if (wrong >= 0) throw invalidToken(`: illegal base64 data at input byte ${wrong}`);
  if (given.length % 4 === 1) throw invalidToken(`: illegal base64 data at input byte ${given.length - 1}`);
  return Buffer.from(given, "base64url");
}

function parse(bytes: Buffer): { readonly v: string; readonly rv: number; readonly start: string } {
  // Go names the byte at fault.
  const wrong = jsonSyntaxError(bytes.toString("latin1"), "latin1");
  if (wrong !== undefined) throw invalidToken(`: ${wrong}`);
  const value: unknown = JSON.parse(bytes.toString());
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (value === null) return { v: "", rv: 0, start: "" };
    throw invalidToken(`: json: cannot unmarshal ${goType(value)} into Go value of type storage.continueToken`);
  }
  const { v, rv, start } = value as Record<string, unknown>;
  const misfit = (name: string, found: unknown, type: string) =>
    invalidToken(
      `: json: cannot unmarshal ${goType(found)} into Go struct field continueToken.${name} of type ${type}`,
    );
  if (typeof (v ?? "") !== "string") throw misfit("v", v, "string");
  if (!Number.isSafeInteger(rv ?? 0)) throw misfit("rv", rv, "int64");
  if (typeof (start ?? "") !== "string") throw misfit("start", start, "string");
  return { v: (v ?? "") as string, rv: (rv ?? 0) as number, start: (start ?? "") as string };
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" && !Number.isInteger(value)) return `number ${value}`;
  return typeof value === "boolean" ? "bool" : typeof value;
}
