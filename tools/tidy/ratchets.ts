import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSource, repositoryRoot } from "../repository.ts";
import type { Ratchet } from "./ratchet.ts";

const path = "tools/tidy/ratchet.json";

/** What is let through for now. It only ever gets less. */
export interface Ratchets {
  /** Lines of files over the limit. */
  readonly files: Ratchet;
  /** Lines of functions over the limit, as `path#name`. */
  readonly functions: Ratchet;
  /** Files, exports and dependencies that nobody uses yet. */
  readonly dead: readonly string[];
}

export function readRatchets(): Ratchets {
  return JSON.parse(readSource(path)) as Ratchets;
}

export function writeRatchets(ratchets: Ratchets): void {
  writeFileSync(join(repositoryRoot, path), `${JSON.stringify(ratchets, undefined, 2)}\n`);
}
