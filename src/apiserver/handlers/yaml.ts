import { formatYaml, type ParsedYaml, parseYaml } from "../../apimachinery/index.ts";

export const toYaml = formatYaml;

/** With the keys that came twice. Throws `YamlError`. */
export const readYaml: (text: string) => ParsedYaml = parseYaml;

/** Throws `YamlError`. */
export function fromYaml(text: string): unknown {
  return parseYaml(text).value;
}
