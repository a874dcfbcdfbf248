import { dump, load } from "js-yaml";

/** YAML as upstream writes it: keys in alphabetical order, no references. */
export function toYaml(value: unknown): string {
  return dump(value, { sortKeys: true, noRefs: true, lineWidth: -1 });
}

export function fromYaml(text: string): unknown {
  return load(text);
}
