import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isTest, listFiles, readSource } from "../repository.ts";
import { bannedUses } from "./banned-calls.ts";
import { platformFiles } from "./platform-files.ts";

const textsOf = (source: string) => bannedUses(source).map((use) => `${use.line} ${use.power} ${use.text}`);

describe("the search for banned calls", () => {
  test("finds calls and modules", () => {
    const source =
      'import { readFile } from "node:fs/promises";\nconst a = Date.now() + Math.random();\nsetTimeout(() => {}, 1);';
    assert.deepEqual(textsOf(source), [
      "2 time Date.now",
      "2 randomness Math.random",
      "3 timers setTimeout(",
      "1 files node:fs/promises",
    ]);
    assert.deepEqual(textsOf("new Date(); crypto.randomUUID(); process.exit(1)"), [
      "1 time new Date()",
      "1 randomness crypto.randomUUID(",
      "1 exit process.exit(",
    ]);
  });

  test("leaves types, comments and look-alikes alone", () => {
    const source = [
      'import type { Stats } from "node:fs";',
      'import { isIPv4, type Socket } from "node:net";',
      "// Date.now() is banned",
      "const at = new Date(clock.now());",
      "timers.setTimeout(later);",
      "this.random.uuid();",
    ].join("\n");
    assert.deepEqual(textsOf(source), []);
  });
});

describe("the repository", () => {
  const files = listFiles(["src", "bin"], ".ts").filter(
    (path) => !isTest(path) && !path.startsWith("src/dashboard/app/") && !path.startsWith("src/testing/"),
  );

  test("touches the machine only in the platform files", () => {
    const problems = files.flatMap((path) =>
      bannedUses(readSource(path))
        .filter((use) => !(platformFiles[path]?.powers.includes(use.power) ?? false))
        .map((use) => `${path}:${use.line} uses ${use.text} (${use.power}): take it from base's Platform`),
    );
    assert.equal(problems.join("\n"), "");
  });

  test("lists no platform file or power that is not used", () => {
    for (const [path, { powers }] of Object.entries(platformFiles)) {
      assert.ok(files.includes(path), `tools/tidy/platform-files.ts: ${path} is not there any more`);
      const used = new Set(bannedUses(readSource(path)).map((use) => use.power));
      for (const power of powers)
        assert.ok(used.has(power), `tools/tidy/platform-files.ts: ${path} does not use ${power}`);
    }
  });
});
