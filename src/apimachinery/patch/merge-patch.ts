import { newBadRequest } from "../errors/status.ts";
import { isJsonObject, type JsonObject, setMember } from "./json-value.ts";

/**
 * RFC 7386. Returns a new document that shares what did not change with the old one, which is never written to.
 * Throws `StatusError` 400 where the patch is no object.
 */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) throw newBadRequest("Invalid JSON Patch");
  return merge(document, patch);
}

function merge(target: unknown, patch: JsonObject): JsonObject {
  const merged: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete merged[key];
    else if (isJsonObject(value))
      setMember(merged, key, merge(Object.hasOwn(merged, key) ? merged[key] : undefined, value));
    else setMember(merged, key, value);
  }
  return merged;
}
