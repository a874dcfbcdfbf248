import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../repository.ts";
import type { TestGroup } from "./groups.ts";
import { endMark, type TestResult } from "./reporter.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface GroupResult {
  readonly group: TestGroup;
  readonly results: readonly TestResult[];
  readonly durationMs: number;
}

const outputBytesMax = 64 * 1024;
const resultsFolder = join(repositoryRoot, ".cache/tests");

/** Runs one group in a process of its own. Whatever goes wrong becomes a failed test. */
export async function runGroup(group: TestGroup, update: boolean, signal: AbortSignal): Promise<GroupResult> {
  mkdirSync(resultsFolder, { recursive: true });
  const destination = join(resultsFolder, `${group.name.replaceAll(/[^\w.-]+/g, "-")}.jsonl`);
  rmSync(destination, { force: true });
  const started = performance.now();
  const { code, timedOut, output } = await runNode(group, argumentsFor(group, destination, update), signal);
  const { results, complete } = readResults(destination);
  const known = results.some((result) => result.outcome === "failed");
  if (timedOut) {
    results.push(
      failure(group, `did not end within ${group.timeoutMs / 1000} s: something is left running\n${output}`),
    );
  } else if (code !== 0 && !known) {
    results.push(failure(group, `ended with ${code}\n${output}`));
  } else if (!complete) {
    results.push(failure(group, `ended before its tests did\n${output}`));
  } else if (results.length === 0) {
    results.push(failure(group, `ran no test\n${output}`));
  }
  return { group, results, durationMs: performance.now() - started };
}

function argumentsFor(group: TestGroup, destination: string, update: boolean): readonly string[] {
  return [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-isolation=none",
    `--test-reporter=${join(repositoryRoot, "tools/test/reporter.ts")}`,
    `--test-reporter-destination=${destination}`,
    ...(update ? ["--test-update-snapshots"] : []),
    ...group.files,
  ];
}

interface Ended {
  readonly code: number | string;
  readonly timedOut: boolean;
  readonly output: string;
}

/**
 * Loopback alone, in a network namespace: there every port is free, whoever else tests or serves on the machine, and
 * nothing that a test sends leaves it. Where that cannot be had, tests share the machine's.
 */
const ownNetwork = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"] as const;
let possible: boolean | undefined;

/** Whether groups have networks of their own here: on Linux, as root. */
export function canOwnNetwork(): boolean {
  const [unshare, ...rest] = ownNetwork;
  possible ??= process.platform === "linux" && spawnSync(unshare, [...rest, "true"]).status === 0;
  return possible;
}

function commandFor({ sharesNetwork }: TestGroup, args: readonly string[]): readonly [string, readonly string[]] {
  const [unshare, ...rest] = ownNetwork;
  return sharesNetwork || !canOwnNetwork() ? [process.execPath, args] : [unshare, [...rest, process.execPath, ...args]];
}

let temporary: string | undefined;

function runNode(group: TestGroup, args: readonly string[], signal: AbortSignal): Promise<Ended> {
  const { programs, timeoutMs } = group;
  temporary ??= temporaryFolder();
  const [command, words] = commandFor(group, args);
  const path = programs === undefined ? {} : { PATH: `${programs}:${process.env["PATH"] ?? ""}` };
  return new Promise((resolve, reject) => {
    // A group of its own, so that what a test leaves running ends with it.
    const child = spawn(command, words, {
      cwd: repositoryRoot,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      // Set inside a test, and would make this one report to that.
      env: { ...process.env, ...path, TMPDIR: temporary, NODE_TEST_CONTEXT: undefined },
    });
    let output = "";
    let timedOut = false;
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-outputBytesMax);
    };
    const kill = (): void => killGroup(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs);
    signal.addEventListener("abort", kill, { once: true });
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", reject);
    child.once("close", (code, ended) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", kill);
      resolve({ code: code ?? ended ?? "no code", timedOut, output });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function readResults(path: string): { readonly results: TestResult[]; readonly complete: boolean } {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // The process ended before it had anything to report; its exit code tells.
  }
  const lines = text.split("\n");
  const results = lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as TestResult);
  return { results, complete: lines.includes(endMark) };
}

function failure(group: TestGroup, error: string): TestResult {
  return { outcome: "failed", name: group.name, file: group.files[0] ?? "", durationMs: 0, error };
}
