import { type Processes, runChecked } from "../../base/index.ts";

/**
 * Unmounts everything at or below a directory, deepest and newest first, in the mount namespace that `enter` leads
 * to. Busy mounts are detached. Returns how many there were.
 */
export async function unmountBelow(
  processes: Processes,
  directory: string,
  enter: readonly string[] = [],
): Promise<number> {
  const run = (...words: string[]) => {
    const [command = "", ...args] = [...enter, ...words];
    return processes.run(command, args);
  };
  const [command = "", ...args] = [...enter, "cat", "/proc/self/mountinfo"];
  const points = mountPointsBelow(await runChecked(processes, command, args), directory);
  for (const point of points) {
    const { code } = await run("umount", point);
    if (code !== 0) await run("umount", "--lazy", point);
  }
  return points.length;
}

/** The mount points of a `/proc/…/mountinfo` at or below a directory, last mounted first. */
export function mountPointsBelow(mountinfo: string, directory: string): readonly string[] {
  return mountinfo
    .split("\n")
    .map((line) => unescapeOctal(line.split(" ")[4] ?? ""))
    .filter((point) => point === directory || point.startsWith(`${directory}/`))
    .reverse();
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
