import { newRe2Pattern } from "../../../apimachinery/index.ts";

interface Pattern {
  test(text: string): boolean;
}

const compiled = new Map<string, Pattern>();
const compiledMax = 10_000;

/** A pattern in Go's syntax (RE2): matching takes time linear in the text, whatever the pattern. Throws when it is none. */
export function compilePattern(pattern: string): Pattern {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const result: Pattern = newRe2Pattern(pattern);
  if (compiled.size >= compiledMax) compiled.clear();
  compiled.set(pattern, result);
  return result;
}
