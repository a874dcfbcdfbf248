import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isPlatformError } from "../errors.ts";
import { until } from "../until.ts";
import { RealClock } from "./clock.ts";
import { RealProcesses } from "./processes.ts";

const processes = new RealProcesses();

test("a command's output, exit code and stdin", async () => {
  const done = await processes.run("sh", ["-c", "cat; echo err >&2; exit 3"], { stdin: "in", env: { A: "1" } });
  assert.deepEqual(done, { code: 3, signal: undefined, stdout: "in", stderr: "err\n" });
});

test("environment is added to and removed from", async () => {
  const done = await processes.run("sh", ["-c", "echo $ADDED-$HOME"], { env: { ADDED: "yes", HOME: undefined } });
  assert.equal(done.stdout, "yes-\n");
});

test("a command that is not there is ENOENT, for run and for spawn", async () => {
  await assert.rejects(processes.run("/no/such/command", []), (error) => isPlatformError(error, "ENOENT"));
  const started = processes.spawn("/no/such/command", []);
  assert.equal(started.pid, 0);
  await assert.rejects(started.exited, (error) => isPlatformError(error, "ENOENT"));
});

test("a command is killed after its time limit", async () => {
  const done = await processes.run("sleep", ["60"], { timeoutMs: 50 });
  assert.deepEqual([done.code, done.signal], [undefined, "SIGKILL"]);
});

test("a command is killed when its signal aborts", async () => {
  const controller = new AbortController();
  const done = processes.run("sleep", ["60"], { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(done, /enough/);
});

test("a detached process with files for its output", async () => {
  const root = await mkdtemp(join(tmpdir(), "k8ts-processes-"));
  const stdoutFile = join(root, "out");
  const started = processes.spawn("sh", ["-c", "echo here; sleep 60"], { detached: true, stdoutFile });
  assert.equal(processes.alive(started.pid), true);
  await until(new RealClock(), "it has written", async () => (await readFile(stdoutFile, "utf8")) !== "");
  assert.equal(await readFile(stdoutFile, "utf8"), "here\n");
  processes.kill(-started.pid, "SIGKILL");
  assert.equal((await started.exited).signal, "SIGKILL");
  assert.equal(processes.alive(started.pid), false);
  processes.kill(started.pid, "SIGTERM");
  await rm(root, { recursive: true });
});
