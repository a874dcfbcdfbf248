import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A unix socket's path has 107 bytes at most, and tests have theirs some folders below. */
const lengthMax = 40;

/**
 * Where tests make their folders: the system's temporary folder where its path is short and programs may be run from
 * it, or else another one like that.
 */
export function temporaryFolder(folders: readonly string[] = [tmpdir(), "/tmp", "/var/tmp", "/run"]): string {
  return folders.find((folder) => folder.length <= lengthMax && runsPrograms(folder)) ?? tmpdir();
}

function runsPrograms(folder: string): boolean {
  let own: string | undefined;
  try {
    own = mkdtempSync(join(folder, "k8ts-probe-"));
    const program = join(own, "program");
    writeFileSync(program, "#!/bin/sh\n", { mode: 0o700 });
    return spawnSync(program).status === 0;
  } catch {
    return false;
  } finally {
    if (own !== undefined) rmSync(own, { recursive: true });
  }
}
