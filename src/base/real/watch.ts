import { lstatSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Changes that come within this time are reported once. */
const coalesceMs = 20;
const pollMs = 1_000;

/**
 * Watches a directory, or a file by way of its directory, since a file that is replaced by a rename is a new inode.
 * Falls back to polling where the system has no watches left.
 */
export function watchPath(path: string, onChange: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  let pending: NodeJS.Timeout | undefined;
  const report = (): void => {
    pending ??= setTimeout(() => {
      pending = undefined;
      onChange();
    }, coalesceMs);
  };
  signal.addEventListener("abort", () => clearTimeout(pending), { once: true });
  const directory = isDirectory(path);
  const name = basename(path);
  try {
    const watcher = watch(directory ? path : dirname(path), { signal }, (_event, changed) => {
      if (directory || changed === null || changed === name) report();
    });
    watcher.on("error", () => {
      watcher.close();
      poll(path, report, signal);
    });
  } catch {
    poll(path, report, signal);
  }
}

function poll(path: string, report: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  let before = fingerprint(path);
  const timer = setInterval(() => {
    const after = fingerprint(path);
    if (after !== before) report();
    before = after;
  }, pollMs);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function fingerprint(path: string): string {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : `${found.ino} ${found.mtimeMs} ${found.size}`;
}
