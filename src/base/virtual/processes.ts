import { PassThrough, type Readable, type Writable } from "node:stream";
import { AssertionError } from "../assert.ts";
import { PlatformError } from "../errors.ts";
import type { Exit, Finished, KillSignal, Processes, RunningProcess, RunOptions, SpawnOptions } from "../processes.ts";

/** One command that was run. */
export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
  readonly stdin: string;
}

export type Answer = Partial<Finished>;
export type Script = (invocation: Invocation) => Answer | Promise<Answer>;

/**
 * Commands answered by functions. A command without one fails with `ENOENT`, as one that is not installed. What was
 * run is kept in `invocations`.
 */
export class ScriptedProcesses implements Processes {
  readonly invocations: Invocation[] = [];
  readonly #scripts = new Map<string, Script>();
  readonly #running = new Map<number, ScriptedProcess>();
  #pid = 1000;

  /** Answers every later run of the command. Missing parts of the answer mean exit code 0 and no output. */
  on(command: string, script: Script | Answer): this {
    this.#scripts.set(command, typeof script === "function" ? script : () => script);
    return this;
  }

  async run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    options.signal?.throwIfAborted();
    const script = this.#scripts.get(command);
    if (script === undefined) throw notFound(command);
    const answer = await script(this.#note(command, args, options.stdin));
    options.signal?.throwIfAborted();
    const code = answer.signal === undefined ? (answer.code ?? 0) : undefined;
    return { code, signal: answer.signal, stdout: answer.stdout ?? "", stderr: answer.stderr ?? "" };
  }

  spawn(command: string, args: readonly string[], _options: SpawnOptions = {}): RunningProcess {
    const known = this.#scripts.has(command);
    const process = new ScriptedProcess(known ? this.#pid++ : 0, (pid) => this.#running.delete(pid));
    this.#note(command, args, undefined);
    if (known) this.#running.set(process.pid, process);
    else process.fail(notFound(command));
    return process;
  }

  alive(pid: number): boolean {
    return this.#running.has(pid);
  }

  kill(pid: number, signal: KillSignal): void {
    this.#running.get(Math.abs(pid))?.kill(signal);
  }

  /** Ends a spawned process, as if by itself. */
  exit(pid: number, exit: Partial<Exit> = {}): void {
    const process = this.#running.get(pid);
    if (process === undefined) throw new AssertionError(`no process ${pid} was spawned`);
    process.end({ code: exit.signal === undefined ? (exit.code ?? 0) : undefined, signal: exit.signal });
  }

  #note(command: string, args: readonly string[], stdin: string | Uint8Array | undefined): Invocation {
    const text = typeof stdin === "string" ? stdin : Buffer.from(stdin ?? []).toString("utf8");
    const invocation: Invocation = { command, args: [...args], stdin: text };
    this.invocations.push(invocation);
    return invocation;
  }
}

/** Runs until told to end; every signal ends it. */
class ScriptedProcess implements RunningProcess {
  readonly pid: number;
  readonly stdin: Writable = new PassThrough();
  readonly stdout: Readable = new PassThrough();
  readonly stderr: Readable = new PassThrough();
  readonly exited: Promise<Exit>;
  readonly #settle = Promise.withResolvers<Exit>();
  readonly #onEnd: (pid: number) => void;

  constructor(pid: number, onEnd: (pid: number) => void) {
    this.pid = pid;
    this.#onEnd = onEnd;
    this.exited = this.#settle.promise;
    this.exited.catch(() => {});
  }

  kill(signal: KillSignal): void {
    this.end({ code: undefined, signal });
  }

  end(exit: Exit): void {
    this.#onEnd(this.pid);
    this.stdout.push(null);
    this.stderr.push(null);
    this.#settle.resolve(exit);
  }

  fail(error: PlatformError): void {
    this.#settle.reject(error);
  }
}

function notFound(command: string): PlatformError {
  return new PlatformError("ENOENT", `spawn ${command} ENOENT`);
}
