import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { isTest, listFiles, readSource, repositoryRoot } from "../repository.ts";

export const fileLinesMax = 500;
/** As in function-sizes.oxlintrc.json. */
export const functionLinesMax = 70;

const folders = ["src", "bin", "tools"];

/** Lines of every file that people write: not data, generated files, tests or the browser's part. */
export function fileSizes(): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const path of listFiles(folders, ".ts")) {
    if (isExempt(path)) continue;
    sizes.set(path, readSource(path).split("\n").length - 1);
  }
  return sizes;
}

/** Lines of the functions that are over the limit, as `path#name`; of several by one name the largest. */
export function longFunctions(): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { filename, message } of lint()) {
    if (isExempt(filename)) continue;
    const name = /[`'"]([^`'"]+)[`'"]/.exec(message)?.[1] ?? "(anonymous)";
    const lines = Number(/\((\d+)\)/.exec(message)?.[1] ?? 0);
    const key = `${filename}#${name}`;
    sizes.set(key, Math.max(lines, sizes.get(key) ?? 0));
  }
  return sizes;
}

/** Tests and what they stand on, generated files, and the browser's part. */
function isExempt(path: string): boolean {
  return (
    isTest(path) ||
    path.includes("/testing/") ||
    path.startsWith("src/dashboard/app/") ||
    readSource(path).startsWith("// Generated ")
  );
}

interface Diagnostic {
  readonly filename: string;
  readonly message: string;
}

function lint(): readonly Diagnostic[] {
  const config = "tools/tidy/function-sizes.oxlintrc.json";
  const output = run(["-c", config, "-f", "json", ...folders]);
  return (JSON.parse(output) as { readonly diagnostics: readonly Diagnostic[] }).diagnostics;
}

/** The linter counts functions; it exits with 1 when it found any. */
function run(args: readonly string[]): string {
  try {
    return execFileSync(join(repositoryRoot, "node_modules/.bin/oxlint"), args, {
      cwd: repositoryRoot,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (stdout?.startsWith("{") === true) return stdout;
    throw error;
  }
}
