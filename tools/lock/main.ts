import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSource, repositoryRoot } from "../repository.ts";
import { completeLock, type Lock } from "./complete-lock.ts";

// Completes package-lock.json after a change of dependencies: `./k8ts tool lock`.
const lock = completeLock(JSON.parse(readSource("package-lock.json")) as Lock);
writeFileSync(join(repositoryRoot, "package-lock.json"), `${JSON.stringify(lock, undefined, 2)}\n`);
