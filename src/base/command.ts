import type { Readable, Writable } from "node:stream";
import type { Platform } from "./platform.ts";

/** What a command of the program gets from its process. */
export interface CommandContext {
  readonly platform: Platform;
  /** Aborts on SIGINT and SIGTERM; the command then ends what it started and returns. */
  readonly signal: AbortSignal;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a relative path on the command line starts from. */
  readonly workingDirectory: string;
}

/**
 * One command of the program, such as `up` or `kubelet`, without its name in `args`. Resolves to the exit code; a
 * rejection is printed as one line and exits with 1.
 */
export type Command = (args: readonly string[], context: CommandContext) => Promise<number>;
