import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import type { Exit, Finished, KillSignal, Processes, RunningProcess, RunOptions, SpawnOptions } from "../processes.ts";
import { platformError } from "./errors.ts";

const runTimeoutMsDefault = 30_000;
const outputBytesMax = 16 * 1024 * 1024;

export class RealProcesses implements Processes {
  async run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    options.signal?.throwIfAborted();
    const child = this.spawn(command, args, options);
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    const kill = (): void => child.kill("SIGKILL");
    const timer = setTimeout(kill, options.timeoutMs ?? runTimeoutMsDefault);
    options.signal?.addEventListener("abort", kill, { once: true });
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.stdin ?? "");
    try {
      const exit = await child.exited;
      options.signal?.throwIfAborted();
      return { ...exit, stdout: stdout(), stderr: stderr() };
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", kill);
    }
  }

  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): RunningProcess {
    const files: number[] = [];
    try {
      const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        detached: options.detached ?? false,
        stdio: stdioOf(options, files),
      });
      if (options.detached === true) child.unref();
      return running(command, child);
    } catch (error) {
      throw platformError(error, command);
    } finally {
      for (const file of files) closeSync(file);
    }
  }

  alive(pid: number): boolean {
    if (pid <= 0) return false;
    try {
      const status = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The command name is in parentheses and may itself hold some; the state is the letter after the last one.
      const state = status.charAt(status.lastIndexOf(")") + 2);
      return state !== "Z" && state !== "X";
    } catch {
      return false;
    }
  }

  kill(pid: number, signal: KillSignal): void {
    try {
      process.kill(pid, signal);
    } catch (error) {
      const failure = platformError(error, `kill ${pid}`);
      if (failure.code !== "ESRCH") throw failure;
    }
  }
}

function stdioOf(options: SpawnOptions, files: number[]): StdioOptions {
  if (options.inherit === true) return "inherit";
  const output = (path: string | undefined): "pipe" | number => {
    if (path === undefined) return "pipe";
    const file = openSync(path, "a", 0o640);
    files.push(file);
    return file;
  };
  const stdin = options.detached === true ? "ignore" : "pipe";
  return [stdin, output(options.stdoutFile), output(options.stderrFile)];
}

function running(command: string, child: ChildProcess): RunningProcess {
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", (error) => reject(platformError(error, command)));
    // Not "exit": at "close" all output has been read as well.
    child.once("close", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  // Whoever does not wait for the end is not interested in its failure either.
  exited.catch(() => {});
  return {
    pid: child.pid ?? 0,
    stdin: child.stdin ?? undefined,
    stdout: child.stdout ?? undefined,
    stderr: child.stderr ?? undefined,
    exited,
    kill: (signal) => void child.kill(signal),
  };
}

function collect(stream: Readable | undefined): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    const room = outputBytesMax - size;
    if (room <= 0) return;
    const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
    chunks.push(kept);
    size += kept.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
