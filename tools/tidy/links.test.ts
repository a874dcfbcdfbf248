import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { listFiles, readSource, repositoryRoot } from "../repository.ts";

test("links between the project's documents lead somewhere", () => {
  const problems: string[] = [];
  for (const path of listFiles(["."], ".md")) {
    const prose = readSource(path).replaceAll(/```[\s\S]*?```/g, "");
    for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(?:[a-z]+:|#)/.test(target)) continue;
      const file = join(repositoryRoot, dirname(path), target.replace(/#.*$/, ""));
      if (!existsSync(file)) problems.push(`${path} links to ${target}, which is not there`);
    }
  }
  assert.deepEqual(problems, []);
});
