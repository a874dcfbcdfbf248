import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../src/base/index.ts";
import { repositoryRoot } from "./repository.ts";

/** `./k8ts tool NAME`: runs `tools/NAME/main.ts`. */
export const tool: Command = async ([name = "", ...args], context) => {
  const folder = join(repositoryRoot, "tools");
  const main = join(folder, name, "main.ts");
  if (!/^[a-z-]+$/.test(name) || !existsSync(main)) {
    const known = readdirSync(folder).filter((other) => existsSync(join(folder, other, "main.ts")));
    context.stderr.write(`Usage: ./k8ts tool NAME, where NAME is one of ${known.join(", ")}\n`);
    return 1;
  }
  return spawnSync(process.execPath, [main, ...args], { cwd: repositoryRoot, stdio: "inherit" }).status ?? 1;
};
