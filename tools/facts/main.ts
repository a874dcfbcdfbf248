import { writeFileSync } from "node:fs";
import { outdatedFiles } from "./generate.ts";

// Writes the TypeScript types that the facts imply: `./k8ts tool facts`. `--check` only says which files are out of date.
const outdated = outdatedFiles();
const check = process.argv.includes("--check");
for (const [path, text] of outdated) {
  if (!check) writeFileSync(path, text);
  process.stdout.write(`${check ? "out of date" : "wrote"} ${path}\n`);
}
if (check && outdated.size > 0) process.exitCode = 1;
