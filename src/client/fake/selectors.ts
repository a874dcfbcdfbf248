import { type KubeObject, parseFieldSelector, parseLabelSelector } from "../../apimachinery/index.ts";

export type Match = (object: KubeObject) => boolean;

export function labelMatch(text: string | undefined): Match {
  const selector = parseLabelSelector(text ?? "");
  return (object) => selector.matches(object.metadata.labels);
}

/** Every path of an object can be selected by. */
export function fieldMatch(text: string | undefined): Match {
  const selector = parseFieldSelector(text ?? "");
  return (object) => selector.matches((path) => valueAt(object, path) ?? "");
}

function valueAt(object: unknown, path: string): string | undefined {
  let current: unknown = object;
  for (const step of path.split(".")) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string, unknown>)[step];
  }
  return current === undefined ? undefined : String(current);
}
