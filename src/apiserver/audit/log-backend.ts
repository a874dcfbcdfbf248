import { type Clock, type Disk, isAbort, type Log, messageOf, whenAborted } from "../../base/index.ts";
import type { AuditBackend, AuditEvent } from "./contract.ts";

export interface LogBackendOptions {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  /** `--audit-log-path`. */
  readonly path: string;
  /** `--audit-log-maxsize`, in bytes here. Default 100 MiB. */
  readonly bytesMax?: number;
  /** `--audit-log-maxbackup`: older files that are kept. 0: all. */
  readonly backupsMax?: number;
  /** `--audit-log-maxage`, in days. 0: for ever. */
  readonly daysMax?: number;
  /** Events that may wait to be written. Default 10,000. */
  readonly backlogMax?: number;
  readonly onDropped?: (count: number) => void;
}

const dayMs = 86_400_000;

/** One JSON object per line. What comes while a write is under way goes out with the next one. */
export class LogBackend implements AuditBackend {
  readonly name = "log";
  readonly #options: LogBackendOptions;
  #lines: string[] = [];
  #size: number | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: LogBackendOptions) {
    this.#options = options;
  }

  record(event: AuditEvent): void {
    const { backlogMax = 10_000, onDropped } = this.#options;
    if (this.#lines.length >= backlogMax) {
      onDropped?.(1);
      return;
    }
    this.#lines.push(`${JSON.stringify(event)}\n`);
    this.#writing ??= this.#write();
  }

  async run(signal: AbortSignal): Promise<void> {
    await whenAborted(signal);
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    await Promise.resolve();
    const { disk, path, log, onDropped, bytesMax = 100 * 1024 * 1024 } = this.#options;
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      this.#lines = [];
      const bytes = Buffer.from(lines.join(""));
      try {
        this.#size ??= (await disk.status(path))?.size ?? 0;
        if (this.#size > 0 && this.#size + bytes.length > bytesMax) await this.#rotate();
        await disk.append(path, bytes);
        this.#size += bytes.length;
      } catch (error) {
        onDropped?.(lines.length);
        this.#size = undefined;
        if (!isAbort(error)) log.error("audit events could not be written", { path, error: messageOf(error) });
      }
    }
    this.#writing = undefined;
  }

  /** `audit.log` becomes `audit-2026-01-02T03-04-05.678.log`, as upstream names it. */
  async #rotate(): Promise<void> {
    const { disk, path, clock } = this.#options;
    const [stem, extension] = splitExtension(path);
    const stamp = new Date(clock.now()).toISOString().slice(0, -1).replaceAll(":", "-");
    await disk.rename(path, `${stem}-${stamp}${extension}`);
    this.#size = 0;
    await this.#removeOld(stem, extension);
  }

  async #removeOld(stem: string, extension: string): Promise<void> {
    const { disk, clock, backupsMax = 0, daysMax = 0 } = this.#options;
    const directory = stem.slice(0, stem.lastIndexOf("/")) || "/";
    const prefix = `${stem.slice(stem.lastIndexOf("/") + 1)}-`;
    const stamped = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/;
    const backups = (await disk.list(directory))
      .filter((name) => name.startsWith(prefix) && name.endsWith(extension))
      .map((name) => ({ name, stamp: name.slice(prefix.length, name.length - extension.length) }))
      .filter(({ stamp }) => stamped.test(stamp))
      .sort((a, b) => (a.stamp < b.stamp ? 1 : -1));
    const oldest = daysMax === 0 ? "" : new Date(clock.now() - daysMax * dayMs).toISOString().replaceAll(":", "-");
    for (const [at, { name, stamp }] of backups.entries()) {
      if ((backupsMax > 0 && at >= backupsMax) || stamp < oldest) await disk.remove(`${directory}/${name}`);
    }
  }
}

function splitExtension(path: string): readonly [stem: string, extension: string] {
  const at = path.lastIndexOf(".");
  return at > path.lastIndexOf("/") ? [path.slice(0, at), path.slice(at)] : [path, ""];
}
