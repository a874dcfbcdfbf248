import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { listFiles, readSource, repositoryRoot } from "../repository.ts";

const run = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [join(repositoryRoot, "bin/k8ts.ts"), ...args], { encoding: "utf8" });
const help = run("help");
const commands = new Set([...help.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map((match) => match[1]));
commands.add("help").add("version");

describe("the commands that documents tell people to type", () => {
  test("help lists the commands", () => {
    for (const command of ["up", "down", "kubelet", "test"]) assert.ok(commands.has(command), command);
  });

  test("exist", () => {
    const problems: string[] = [];
    for (const path of listFiles(["."], ".md")) {
      for (const [, command = "", name = ""] of readSource(path).matchAll(/\.\/k8ts ([a-z-]+)(?: ([a-z-]+))?/g)) {
        if (!commands.has(command)) problems.push(`${path}: there is no command ./k8ts ${command}`);
        if (command === "tool" && !isTool(name)) problems.push(`${path}: there is no tool ${name}`);
      }
    }
    assert.deepEqual(problems, []);
  });

  test("of bench say what they measure when asked for help", () => {
    assert.match(run("bench", "startup", "--help"), /^How long it takes until something can be used.*\n`--nodes=N`/);
  });

  test("of bench have a file in bench/", () => {
    const missing: string[] = [];
    for (const path of listFiles(["."], ".md")) {
      for (const [, name = ""] of readSource(path).matchAll(/\.\/k8ts bench ([a-z-]+)/g)) {
        if (!existsSync(join(repositoryRoot, `bench/${name}.bench.ts`)))
          missing.push(`${path}: bench/${name}.bench.ts`);
      }
    }
    assert.deepEqual(missing, []);
  });
});

function isTool(name: string): boolean {
  return ["main.ts", "generate.ts"].some((file) => existsSync(join(repositoryRoot, "tools", name, file)));
}
