import assert from "node:assert/strict";
import { test } from "node:test";
import { listFiles, readSource } from "../repository.ts";

/** Paths of somebody's machine, which mean nothing on another. */
const machinePaths = /(?<![\w./}-])\/(?:work|home\/(?!me\b|user\b)\w+|Users\/\w+)\/[\w.-]+/;

const text = /\.(?:ts|tsx|js|json|md|sh|yaml|yml|toml|css|html)$|(?:^|\/)(?:k8ts|run|LICENSE)$/;

const files = listFiles(["."]).filter((path) => text.test(path) && path !== "package-lock.json");

test("no file names a path of the machine it was written on", () => {
  const problems: string[] = [];
  for (const path of files) {
    for (const [index, line] of readSource(path).split("\n").entries()) {
      const found = machinePaths.exec(line);
      if (found !== null) problems.push(`${path}:${index + 1} names ${found[0]}`);
    }
  }
  assert.equal(problems.join("\n"), "");
});

test("every file ends with one newline and has no Windows line ends", () => {
  const problems = files.filter((path) => {
    const content = readSource(path);
    return content.includes("\r\n") || (content !== "" && (!content.endsWith("\n") || content.endsWith("\n\n")));
  });
  assert.deepEqual(problems, []);
});

test("no test was left focused, skipped or unwritten", () => {
  const marks = new RegExp(`\\b(?:test|it|describe|suite)\\.(?:${["only", "skip", "todo"].join("|")})\\(`);
  const problems = files.filter((path) => path.endsWith(".test.ts") && marks.test(readSource(path)));
  assert.deepEqual(problems, []);
});
