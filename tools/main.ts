import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../src/base/index.ts";
import { repositoryRoot } from "./repository.ts";

const folder = join(repositoryRoot, "tools");

/** `./k8ts tool NAME`: runs `tools/NAME/main.ts`, or `generate.ts`. */
export const tool: Command = async ([name = "", ...args], context) => {
  const main = mainOf(name);
  if (main === undefined) {
    const hidden = ["bench", "test"];
    const known = readdirSync(folder).filter((other) => mainOf(other) !== undefined && !hidden.includes(other));
    context.stderr.write(`Usage: ./k8ts tool NAME, where NAME is one of ${known.join(", ")}\n`);
    return 1;
  }
  return spawnSync(process.execPath, [main, ...args], { cwd: repositoryRoot, stdio: "inherit" }).status ?? 1;
};

function mainOf(name: string): string | undefined {
  if (!/^[a-z-]+$/.test(name)) return undefined;
  return ["main.ts", "generate.ts"].map((file) => join(folder, name, file)).find((path) => existsSync(path));
}
