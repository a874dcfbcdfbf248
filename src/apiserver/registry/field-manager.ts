import type { KubeObject } from "../../apimachinery/index.ts";

export interface FieldOwner {
  /** `fieldManager`, or what precedes the slash in the user agent. */
  readonly manager: string;
  readonly subresource: string;
  /** `metav1.Time` of the write. */
  readonly time: string;
}

/** Keeps `metadata.managedFields` and carries out server-side apply for one kind. */
export interface FieldManager {
  /** After the object was made from a request: records what the manager set. `live` is undefined on create. */
  update(live: KubeObject | undefined, object: KubeObject, owner: FieldOwner): void;
  /** Server-side apply; a new object. Throws the conflict error unless forced. `live` is undefined when it creates. */
  apply(live: KubeObject | undefined, applied: unknown, owner: FieldOwner, force: boolean): KubeObject;
}

/** Upstream: the first part of the user agent, at most 128 characters. */
export function managerOf(fieldManager: string | undefined, userAgent: string): string {
  if (fieldManager !== undefined && fieldManager !== "") return fieldManager;
  const prefix = userAgent.split("/")[0] ?? "";
  let text = "";
  for (const character of prefix) {
    if (text.length + character.length > 128) break;
    if (!/\p{C}/u.test(character)) text += character;
  }
  return text === "" ? "unknown" : text;
}
