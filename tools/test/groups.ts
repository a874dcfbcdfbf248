import { readSource } from "../repository.ts";
import { roomOf } from "../rooms.ts";

/** Test files that run in one process. */
export interface TestGroup {
  readonly name: string;
  readonly files: readonly string[];
  /**
   * `pure` and `process` groups run beside all others. `machine` groups touch what there is once on a machine (cgroups,
   * links, containers) and run one after the other. `cluster` groups run alone, at the end.
   */
  readonly kind: "pure" | "process" | "machine" | "cluster";
  readonly timeoutMs: number;
  /** Whether it needs the machine's own network: what `up` makes is to be reached from there. */
  readonly sharesNetwork: boolean;
  /** A folder with the programs that these tests run with, before those of PATH. */
  readonly programs?: string;
}

/** Many times what they take on a quiet machine: a group that is slow because the machine is has not failed. */
const timeoutMs = 600_000;
const clusterTimeoutMs = 900_000;

/** What a test that changes its process, or needs it for itself, says somewhere. */
const ownProcess =
  /createRealPlatform|RealProcesses|node:(?:child_process|worker_threads)|process\.(?:chdir|env\b|on\()/;

/** And one that shares the machine with nobody else. */
const ownMachine = /cgroup|netns|containerd|nsenter|\bnft\b/i;

/** What says that a test drives the API with kubectl; such tests run with every version that there is. */
const usesKubectl = /api\.kubectl\(/;

/** And that it runs `./k8ts up`. */
const makesCluster = /TestCluster/;

/**
 * Pure tests of a room share a process, since starting one takes longer than most tests do. Tests that touch the
 * machine have a process each. `newestKubectl` is the folder of another kubectl than the installed one.
 */
export function groupTests(
  files: readonly string[],
  read: (path: string) => string = readSource,
  newestKubectl?: string,
): readonly TestGroup[] {
  const shared = new Map<string, string[]>();
  const groups: TestGroup[] = [];
  for (const file of files) {
    const text = read(file);
    if (file.startsWith("test/")) {
      const group = {
        ...({ name: file, files: [file], kind: "cluster", timeoutMs: clusterTimeoutMs } as const),
        sharesNetwork: makesCluster.test(text),
      };
      groups.push(group);
      if (newestKubectl !== undefined && usesKubectl.test(text)) {
        groups.push({ ...group, name: `${file}, newest kubectl`, programs: newestKubectl });
      }
      continue;
    }
    if (ownProcess.test(text)) {
      const kind = ownMachine.test(text) ? "machine" : "process";
      groups.push({ name: file, files: [file], kind, timeoutMs, sharesNetwork: false });
    } else {
      const room = roomOf(file);
      const name = room === undefined ? (file.split("/")[0] ?? file) : `src/${room}`;
      shared.set(name, [...(shared.get(name) ?? []), file]);
    }
  }
  for (const [name, members] of shared) {
    groups.push({ name, files: members, kind: "pure", timeoutMs, sharesNetwork: false });
  }
  return groups.sort((a, b) => (a.name < b.name ? -1 : 1));
}
