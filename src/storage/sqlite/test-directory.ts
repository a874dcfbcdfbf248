import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryDirectory {
  file(name: string): string;
  remove(): Promise<void>;
}

/** For tests and benchmarks. */
export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const directory = await mkdtemp(join(tmpdir(), "k8ts-store-"));
  return {
    file: (name) => join(directory, name),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
