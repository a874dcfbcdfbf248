import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = dirname(dirname(fileURLToPath(import.meta.url)));

const skipped = new Set(["node_modules", ".git", ".cache", "dist"]);

/** All files under the folders that are there, as paths from the top of the repository, sorted. */
export function listFiles(folders: readonly string[], extension = ""): readonly string[] {
  const found: string[] = [];
  for (const folder of folders.map((name) => join(repositoryRoot, name))) {
    if (existsSync(folder)) walk(folder, found);
  }
  return found
    .filter((path) => path.endsWith(extension))
    .map((path) => relative(repositoryRoot, path))
    .sort();
}

export function readSource(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}

function walk(folder: string, found: string[]): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, encoding: "utf8" })) {
    if (skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) walk(path, found);
    else if (entry.isFile()) found.push(path);
  }
}

/** `*.test.ts` and `*.bench.ts` beside the code. */
export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.endsWith(".bench.ts");
}
