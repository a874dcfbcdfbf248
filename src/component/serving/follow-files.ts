import type { Platform } from "../../base/index.ts";

/** Changes behind symbolic links are not told of; upstream looks as often. */
const lookAgainMs = 60_000;

/** Looks at files when one of them changes and every minute, never twice at the same time, until the signal aborts. */
export async function followFiles(
  { clock, disk }: Pick<Platform, "clock" | "disk">,
  files: readonly string[],
  look: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let looking = Promise.resolve();
  const changed = (): void => {
    looking = looking.then(look);
  };
  for (const file of files) disk.watch(file, changed, signal);
  while (!signal.aborted) {
    await clock.sleep(lookAgainMs, signal).catch(() => undefined);
    if (!signal.aborted) changed();
  }
  await looking;
}
