import type { Finished, Processes, RunOptions } from "./processes.ts";

/** A command that ran and failed. The message holds the command and the last lines of what it printed. */
export class CommandError extends Error {
  readonly finished: Finished;

  constructor(command: string, args: readonly string[], finished: Finished) {
    const said = (finished.stderr.trim() || finished.stdout.trim()).split("\n").slice(-5).join("\n");
    const how = finished.signal === undefined ? `exit code ${finished.code}` : `signal ${finished.signal}`;
    super(`${[command, ...args].join(" ")}: ${how}: ${said}`);
    this.name = "CommandError";
    this.finished = finished;
  }
}

/** Runs a command that must succeed and returns its standard output. Rejects with a `CommandError` otherwise. */
export async function runChecked(
  processes: Processes,
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const finished = await processes.run(command, args, options);
  if (finished.code !== 0) throw new CommandError(command, args, finished);
  return finished.stdout;
}
