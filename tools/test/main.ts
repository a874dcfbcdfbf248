import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import type { Command } from "../../src/base/index.ts";
import { listFiles, readSource, repositoryRoot } from "../repository.ts";
import { groupTests, type TestGroup } from "./groups.ts";
import type { TestResult } from "./reporter.ts";
import { type GroupResult, runGroup } from "./run-group.ts";

const usage = `Usage: ./k8ts test [--update] [WORD…]

Runs the tests beside the code, the checks of tools/ and the clusters of test/.
A WORD keeps the test files whose path holds it: ./k8ts test src/base, ./k8ts test lint.
--update rewrites the recorded transcripts; review them as a diff.
`;

/** Where the launcher puts it. */
const newestKubectl = join(repositoryRoot, ".cache/kubectl/usr/bin");

/** `./k8ts test`. Exits with 1 when a test failed or none was found. */
export const test: Command = async (args, context) => {
  if (args.includes("--help") || args.includes("-h")) {
    context.stdout.write(usage);
    return 0;
  }
  const words = args.filter((arg) => !arg.startsWith("-"));
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--update");
  if (unknown !== undefined) throw new Error(`test has no flag ${unknown}`);
  const files = listFiles(["src", "tools", "test"], ".test.ts").filter(
    (file) => words.length === 0 || words.some((word) => file.includes(word)),
  );
  if (files.length === 0) throw new Error(`no test file's path holds ${words.join(" or ")}`);
  const started = performance.now();
  const print = (text: string): void => void context.stdout.write(`${text}\n`);
  const done = await runAll(files, args.includes("--update"), context.signal, (result) => print(render(result)));
  const results = done.flatMap((group) => group.results);
  const failed = results.filter((result) => result.outcome === "failed");
  const skipped = results.filter((result) => result.outcome === "skipped");
  for (const result of skipped) print(`- skipped: ${where(result)}`);
  for (const result of failed) print(`\n✖ ${where(result)}\n${indent(result.error ?? "")}`);
  const passed = results.length - failed.length - skipped.length;
  const rest = skipped.length === 0 ? "" : `, ${skipped.length} skipped`;
  print(`\nIn ${seconds(performance.now() - started)}:\n${passed} passed, ${failed.length} failed${rest}`);
  return failed.length === 0 && !context.signal.aborted ? 0 : 1;
};

/** As many groups at a time as there are processors, of those that need the machine one; clusters come last. */
async function runAll(
  files: readonly string[],
  update: boolean,
  signal: AbortSignal,
  onDone: (result: GroupResult) => void,
): Promise<readonly GroupResult[]> {
  const groups = groupTests(files, readSource, existsSync(newestKubectl) ? newestKubectl : undefined);
  const done: GroupResult[] = [];
  const work = async (queue: TestGroup[]): Promise<void> => {
    for (let group = queue.shift(); group !== undefined && !signal.aborted; group = queue.shift()) {
      const result = await runGroup(group, update, signal);
      done.push(result);
      onDone(result);
    }
  };
  const machine = groups.filter(({ kind }) => kind === "machine");
  const others = groups.filter(({ kind }) => kind === "pure" || kind === "process");
  const lanes = Array.from({ length: Math.max(availableParallelism() - 1, 1) }, () => work(others));
  await Promise.all([work(machine).then(() => work(others)), ...lanes]);
  await work(groups.filter(({ kind }) => kind === "cluster"));
  return done;
}

function render({ group, results, durationMs }: GroupResult): string {
  const failed = results.filter((result) => result.outcome === "failed").length;
  const passed = results.filter((result) => result.outcome === "passed").length;
  const mark = failed === 0 ? "✔" : "✖";
  const tail = failed === 0 ? "" : `, ${failed} failed`;
  return `${mark} ${group.name.padEnd(50)} ${String(passed).padStart(5)} passed${tail}  ${seconds(durationMs)}`;
}

function where(result: TestResult): string {
  const file = result.file.startsWith("/") ? relative(repositoryRoot, result.file) : result.file;
  return `${file}: ${result.name}`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
