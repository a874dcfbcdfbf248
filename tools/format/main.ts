import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../repository.ts";

// Formats everything: `./k8ts tool format`.
const biome = join(repositoryRoot, "node_modules/.bin/biome");
process.exitCode = spawnSync(biome, ["format", "--write"], { cwd: repositoryRoot, stdio: "inherit" }).status ?? 1;
