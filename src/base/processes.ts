import type { Readable, Writable } from "node:stream";

export type KillSignal = "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP" | "SIGQUIT" | "SIGUSR1" | "SIGUSR2";

export interface Exit {
  /** `undefined` when a signal ended the process. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions {
  readonly cwd?: string;
  /** Added to the parent's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Its own session and process group, no stdin: it outlives this process, which does not wait for it. */
  readonly detached?: boolean;
  /** Files (opened for append) that take the output instead of pipes. */
  readonly stdoutFile?: string;
  readonly stderrFile?: string;
  /** The child shares this process's terminal. */
  readonly inherit?: boolean;
}

export interface RunOptions extends SpawnOptions {
  readonly stdin?: string | Uint8Array;
  /** Killed with SIGKILL when it has not ended by then. Default 30 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface RunningProcess {
  readonly pid: number;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Settles when the process has ended and its output is read. Rejects when it could not be started. */
  readonly exited: Promise<Exit>;
  kill(signal: KillSignal): void;
}

/** Child processes. A command that cannot be started rejects with a `PlatformError` (`ENOENT`, `EACCES`). */
export interface Processes {
  /** Runs to the end. A non-zero exit is a result, not an error. Output is cut at 16 MiB. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Does not wait. Whether the command could be started is told by `exited`; `pid` is 0 if not. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): RunningProcess;
  /** Whether a process of that id exists (zombies do not count). */
  alive(pid: number): boolean;
  /** A process that is gone already is not an error. A negative id means the process group. */
  kill(pid: number, signal: KillSignal): void;
}
