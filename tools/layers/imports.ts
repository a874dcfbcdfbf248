export interface Import {
  readonly specifier: string;
  /** Counted from 1. */
  readonly line: number;
}

const patterns = [
  // import … from "x"; export … from "x"; they start a line, which keeps comments and strings out.
  /^[ \t]*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm,
  // import "x";
  /^[ \t]*import\s*["']([^"']+)["']/gm,
  // import("x"), also as a type; not after a quote, which would be text.
  /^(?![ \t]*(?:\/\/|\*))[^"'`\n]*?\bimport\(\s*["']([^"']+)["']/gm,
];

/** Every module that a TypeScript file names, in the order of the file. */
export function importsOf(source: string): readonly Import[] {
  const found: Import[] = [];
  for (const pattern of patterns) {
    for (const match of source.matchAll(pattern)) {
      const end = match.index + match[0].length;
      found.push({ specifier: match[1] ?? "", line: source.slice(0, end).split("\n").length });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}
