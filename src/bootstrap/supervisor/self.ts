/** How this program starts itself again: the pinned Node and the program's entry file. */
export interface SelfCommand {
  readonly command: string;
  readonly args: readonly string[];
}

export function selfCommand(...args: readonly string[]): SelfCommand {
  return { command: process.execPath, args: [...process.execArgv, process.argv[1] ?? "", ...args] };
}
