import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Clock, type Disk, isAbort, type Log, messageOf } from "../../base/index.ts";
import type { RuntimeService } from "../../cri/index.ts";

export interface LogRotationOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly runtime: RuntimeService;
  /** Bytes at which a log is rotated; negative never. */
  readonly maxBytes: number;
  /** Files kept for each container, the current one included. */
  readonly maxFiles: number;
  readonly running: () => Iterable<{ readonly id: string; readonly logPath: string }>;
}

const periodMs = 10_000;
const compress = promisify(gzip);

/** Keeps container logs within bounds: renames, compresses and drops, and tells the runtime to open a new file. */
export class LogRotation {
  readonly #options: LogRotationOptions;

  constructor(options: LogRotationOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, maxBytes, running } = this.#options;
    if (maxBytes < 0) return;
    while (!signal.aborted) {
      try {
        await clock.sleep(periodMs, signal);
      } catch {
        return;
      }
      for (const container of running()) {
        try {
          await this.rotateIfLarge(container.id, container.logPath);
        } catch (error) {
          if (isAbort(error, signal)) return;
          log.warn("A container's log could not be rotated", { path: container.logPath, error: messageOf(error) });
        }
      }
    }
  }

  async rotateIfLarge(containerId: string, path: string): Promise<void> {
    const { disk, clock, runtime, maxBytes } = this.#options;
    const status = path === "" ? undefined : await disk.status(path);
    if (status === undefined || status.size <= maxBytes) return;
    await this.#tidy(path);
    const stamp = new Date(clock.now()).toISOString().replaceAll(/[-:]/g, "").replace("T", "-").slice(0, 15);
    await disk.rename(path, `${path}.${stamp}`);
    try {
      await runtime.reopenContainerLog({ containerId });
    } catch (error) {
      // The runtime still writes to the old file: put it back, so that nothing is lost.
      await disk.rename(`${path}.${stamp}`, path);
      throw error;
    }
  }

  /** Compresses what was rotated before and drops what is too old, so that one more file fits. */
  async #tidy(path: string): Promise<void> {
    const { disk, maxFiles } = this.#options;
    const slash = path.lastIndexOf("/");
    const directory = path.slice(0, slash);
    const prefix = `${path.slice(slash + 1)}.`;
    const rotated = (await disk.list(directory)).filter((name) => name.startsWith(prefix) && !name.endsWith(".tmp"));
    const excess = Math.max(0, rotated.length - Math.max(0, maxFiles - 2));
    for (const name of rotated.slice(0, excess)) await disk.remove(`${directory}/${name}`);
    for (const name of rotated.slice(excess)) {
      if (name.endsWith(".gz")) continue;
      const packed = await compress(await disk.read(`${directory}/${name}`));
      await disk.write(`${directory}/${name}.gz`, packed, { mode: 0o640 });
      await disk.remove(`${directory}/${name}`);
    }
  }
}
