import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock, Disk } from "../../base/index.ts";
import type { AuditEvent, AuditSink } from "./contract.ts";
import { legacyLine } from "./legacy-line.ts";

export interface LogSinkOptions {
  readonly clock: Clock;
  readonly disk: Disk;
  /** `--audit-log-path`. */
  readonly path: string;
  /** `--audit-log-format`. Default json. */
  readonly format?: "json" | "legacy";
  /** `--audit-log-maxsize`, in bytes here. Default 100 MiB. */
  readonly bytesMax?: number;
  /** `--audit-log-maxbackup`: older files that are kept. 0: all. */
  readonly backupsMax?: number;
  /** `--audit-log-maxage`, in days. 0: for ever. */
  readonly daysMax?: number;
  /** `--audit-log-compress`: older files are. */
  readonly compress?: boolean;
}

const dayMs = 86_400_000;
const compressed = promisify(gzip);

/** One event per line. What comes while a write is under way goes out with the next one. */
export class LogSink implements AuditSink {
  readonly name = "log";
  readonly #options: LogSinkOptions;
  #lines: string[] = [];
  #size: number | undefined;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(options: LogSinkOptions) {
    this.#options = options;
  }

  write(events: readonly AuditEvent[]): Promise<void> {
    const text = this.#options.format === "legacy" ? legacyLine : JSON.stringify;
    for (const event of events) this.#lines.push(`${text(event)}\n`);
    this.#next ??= this.#following(this.#current);
    return this.#next;
  }

  async #following(before: Promise<void>): Promise<void> {
    await before.catch(() => {});
    const lines = this.#lines;
    this.#lines = [];
    this.#current = this.#append(Buffer.from(lines.join("")));
    this.#next = undefined;
    return this.#current;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const { disk, path, bytesMax = 100 * 1024 * 1024 } = this.#options;
    try {
      this.#size ??= (await disk.status(path))?.size ?? (await this.#create());
      if (this.#size > 0 && this.#size + bytes.length > bytesMax) await this.#rotate();
      await disk.append(path, bytes);
      this.#size += bytes.length;
    } catch (error) {
      this.#size = undefined;
      throw error;
    }
  }

  /** Bodies may be secret: nobody else may read them. */
  async #create(): Promise<number> {
    const { disk, path } = this.#options;
    await disk.makeDirectory(path.slice(0, path.lastIndexOf("/")) || "/", { mode: 0o700 });
    await disk.write(path, "", { mode: 0o600, atomic: false });
    return 0;
  }

  /** `audit.log` becomes `audit-2026-01-02T03-04-05.678.log`, as upstream names it. */
  async #rotate(): Promise<void> {
    const { disk, path, clock } = this.#options;
    const [stem, extension] = splitExtension(path);
    const stamp = new Date(clock.now()).toISOString().slice(0, -1).replaceAll(":", "-");
    const backup = `${stem}-${stamp}${extension}`;
    await disk.rename(path, backup);
    this.#size = await this.#create();
    if (this.#options.compress === true) {
      await disk.write(`${backup}.gz`, await compressed(await disk.read(backup)), { mode: 0o600 });
      await disk.remove(backup);
    }
    await this.#removeOld(stem, extension);
  }

  async #removeOld(stem: string, extension: string): Promise<void> {
    const { disk, clock, backupsMax = 0, daysMax = 0 } = this.#options;
    const directory = stem.slice(0, stem.lastIndexOf("/")) || "/";
    const prefix = `${stem.slice(stem.lastIndexOf("/") + 1)}-`;
    const stamped = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/;
    const backups = (await disk.list(directory))
      .map((name) => ({ name, plain: name.endsWith(`${extension}.gz`) ? name.slice(0, -3) : name }))
      .filter(({ plain }) => plain.startsWith(prefix) && plain.endsWith(extension))
      .map(({ name, plain }) => ({ name, stamp: plain.slice(prefix.length, plain.length - extension.length) }))
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
