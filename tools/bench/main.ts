import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Command } from "../../src/base/index.ts";
import { listFiles, repositoryRoot } from "../repository.ts";

/** `./k8ts bench NAME`: runs `bench/NAME.bench.ts`, which prints its figures beside their targets. */
export const bench: Command = async ([name = "", ...args], context) => {
  const file = join(repositoryRoot, "bench", `${name}.bench.ts`);
  if (!/^[a-z-]+$/.test(name) || !existsSync(file)) {
    const known = existsSync(join(repositoryRoot, "bench")) ? listFiles(["bench"], ".bench.ts") : [];
    const names = known.map((path) => basename(path, ".bench.ts"));
    context.stderr.write(`Usage: ./k8ts bench NAME, where NAME is one of ${names.join(", ") || "(none yet)"}\n`);
    return 1;
  }
  if (args.includes("--help") || args.includes("-h")) {
    context.stdout.write(described(readFileSync(file, "utf8")));
    return 0;
  }
  // What a benchmark measures may need to collect garbage at a known moment.
  const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning"];
  return spawnSync(process.execPath, [...flags, file, ...args], { cwd: repositoryRoot, stdio: "inherit" }).status ?? 1;
};

/** The comment at the head of a benchmark says what it measures, and its flags. */
function described(source: string): string {
  const lines = source.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines
    .slice(0, end)
    .map((line) => `${line.replace(/^\/\/ ?/, "")}\n`)
    .join("");
}
