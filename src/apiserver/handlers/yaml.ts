import { formatYaml, parseYaml } from "../../apimachinery/index.ts";

export const toYaml = formatYaml;

/** Throws `YamlError`. */
export function fromYaml(text: string): unknown {
  return parseYaml(text).value;
}
