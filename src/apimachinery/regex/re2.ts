import { createRequire } from "node:module";
import type * as Library from "@bufbuild/re2";

export type Re2Pattern = Library.RE2JS;

const require = createRequire(import.meta.url);

/**
 * A pattern in Go's syntax (RE2): matching takes time linear in the text, whatever the pattern. Throws where it is
 * none. The library is loaded at first use: its tables take megabytes, and many servers never see a pattern.
 */
export function newRe2Pattern(pattern: string): Re2Pattern {
  const { RE2JS } = require("@bufbuild/re2") as typeof Library;
  return new RE2JS(pattern);
}
