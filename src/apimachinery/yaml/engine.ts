import { dump, loadAll } from "js-yaml";
import { goYamlSchema, writtenSchema } from "./scalars.ts";

/** Nesting of collections. Upstream's JSON decoder has the same limit. */
const maxDepth = 10_000;
const options = { schema: goYamlSchema, maxDepth, maxAliases: 10_000 } as const;

export { YAMLException } from "js-yaml";

/** All documents of a text. With `lastKeyWins` a key may come again. Throws `YAMLException`. */
export function loadDocuments(text: string, lastKeyWins: boolean): unknown[] {
  return loadAll(text, lastKeyWins ? { ...options, json: true } : options);
}

/** Keys in alphabetical order, no references. */
export function dumpDocument(value: unknown): string {
  return dump(value, {
    schema: writtenSchema,
    sortKeys: true,
    noRefs: true,
    lineWidth: -1,
    seqNoIndent: true,
    quoteStyle: "double",
  });
}
