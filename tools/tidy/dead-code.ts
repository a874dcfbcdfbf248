import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../repository.ts";

interface Named {
  readonly name: string;
}

interface Issue {
  readonly file: string;
  readonly files: readonly Named[];
  readonly exports: readonly Named[];
  readonly dependencies: readonly Named[];
  readonly devDependencies: readonly Named[];
  readonly unlisted: readonly Named[];
  readonly unresolved: readonly Named[];
}

/**
 * What nobody uses: files by their path, exports and dependencies as `path#name`. Something that is used only by its own
 * test counts as used.
 */
export function deadCode(): ReadonlySet<string> {
  const { issues } = JSON.parse(knip()) as { readonly issues: readonly Issue[] };
  const dead = new Set<string>();
  for (const issue of issues) {
    for (const { name } of issue.files) dead.add(name);
    const named = [issue.exports, issue.dependencies, issue.devDependencies, issue.unlisted, issue.unresolved].flat();
    for (const { name } of named) dead.add(`${issue.file}#${name}`);
  }
  return dead;
}

/** What is dead and not listed, and what is listed and alive or gone. */
export function checkDeadCode(dead: ReadonlySet<string>, listed: readonly string[]): readonly string[] {
  const fresh = [...dead].filter((name) => !listed.includes(name)).map((name) => `${name} is used by nobody`);
  const stale = listed
    .filter((name) => !dead.has(name))
    .map((name) => `${name} is alive or gone: run ./k8ts tool tidy`);
  return [...fresh, ...stale];
}

/** It exits with 1 when it found anything. */
function knip(): string {
  const command = join(repositoryRoot, "node_modules/.bin/knip");
  try {
    return execFileSync(command, ["--no-progress", "--reporter", "json"], {
      cwd: repositoryRoot,
      encoding: "utf8",
      maxBuffer: 2 ** 26,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (stdout?.startsWith("{") === true) return stdout;
    throw error;
  }
}
