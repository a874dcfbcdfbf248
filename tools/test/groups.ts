import { readSource } from "../repository.ts";
import { roomOf } from "../rooms.ts";

/** Test files that run in one process. */
export interface TestGroup {
  readonly name: string;
  readonly files: readonly string[];
  /** Uses the whole machine: network namespaces, containers, fixed names. Runs alone, after the others. */
  readonly alone: boolean;
  readonly timeoutMs: number;
}

const sharedTimeoutMs = 180_000;
const aloneTimeoutMs = 900_000;

/** What a test that changes its process, or needs it for itself, says somewhere. */
const ownProcess =
  /createRealPlatform|RealProcesses|node:(?:child_process|worker_threads)|process\.(?:chdir|env\b|on\()/;

/**
 * Pure tests of a room share a process, since starting one takes longer than most tests do. Tests that touch the
 * machine have a process each. Those in test/ follow one by one.
 */
export function groupTests(
  files: readonly string[],
  read: (path: string) => string = readSource,
): readonly TestGroup[] {
  const shared = new Map<string, string[]>();
  const groups: TestGroup[] = [];
  for (const file of files) {
    if (file.startsWith("test/")) {
      groups.push({ name: file, files: [file], alone: true, timeoutMs: aloneTimeoutMs });
    } else if (ownProcess.test(read(file))) {
      groups.push({ name: file, files: [file], alone: false, timeoutMs: sharedTimeoutMs });
    } else {
      const room = roomOf(file);
      const name = room === undefined ? (file.split("/")[0] ?? file) : `src/${room}`;
      shared.set(name, [...(shared.get(name) ?? []), file]);
    }
  }
  for (const [name, members] of shared) {
    groups.push({ name, files: members, alone: false, timeoutMs: sharedTimeoutMs });
  }
  return groups.sort((a, b) => Number(a.alone) - Number(b.alone) || (a.name < b.name ? -1 : 1));
}
