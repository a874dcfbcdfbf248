import { type Processes, runChecked } from "../base/index.ts";

/** A command prefix that leads into namespaces; empty for those of this process. */
export type Enter = readonly string[];

/** Enters a network namespace by its file, for example `/proc/PID/ns/net`. */
export function enterNetwork(path: string): Enter {
  return ["nsenter", `--net=${path}`, "--"];
}

/** The command and arguments that run `words` behind the prefix. */
export function enterCommand(enter: Enter, ...words: readonly string[]): [command: string, args: readonly string[]] {
  const [command = "true", ...args] = [...enter, ...words];
  return [command, args];
}

/** Runs a command in namespaces; it must succeed. */
export function runIn(processes: Processes, enter: Enter, ...words: readonly string[]): Promise<string> {
  return runChecked(processes, ...enterCommand(enter, ...words));
}
