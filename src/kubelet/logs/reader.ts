import type { Clock, Disk } from "../../base/index.ts";
import { type LogLine, parseLogLine, parseNanoTime } from "./parse.ts";
import { tailOffset } from "./tail.ts";

export interface LogOptions {
  readonly follow: boolean;
  /** The last so many lines only. */
  readonly tailLines?: number;
  /** Nothing older; nanoseconds since the epoch. */
  readonly sinceNanos?: bigint;
  readonly timestamps: boolean;
  readonly limitBytes?: number;
  readonly stream: "All" | "Stdout" | "Stderr";
}

export interface LogReaderDependencies {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Whether something may still be written to this log. */
  readonly alive: () => Promise<boolean>;
}

const chunkBytes = 64 * 1024;
const lineBytesMax = 1024 * 1024;
const pollMs = 1_000;
const newline = 0x0a;

/** A container's log as `kubectl logs` shows it. Ends at the end of the log, or, following, when the container has ended. */
export async function* readLog(
  deps: LogReaderDependencies,
  path: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const format = new Formatter(options);
  for await (const line of lines(deps, path, options, signal)) {
    const out = format.line(line);
    if (out === undefined) continue;
    if (out.length > 0) yield out;
    if (format.full) return;
  }
}

/** Turns entries into what the reader gets, within the limits that were asked for. */
class Formatter {
  readonly #options: LogOptions;
  #left: number;
  #newLine = true;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  get full(): boolean {
    return this.#left <= 0;
  }

  line(line: LogLine): Uint8Array | undefined {
    const { stream, sinceNanos, timestamps } = this.#options;
    if (stream !== "All" && stream.toLowerCase() !== line.stream) return undefined;
    if (sinceNanos !== undefined) {
      const time = parseNanoTime(line.timestamp);
      if (time !== undefined && time < sinceNanos) return undefined;
    }
    const prefix = timestamps && this.#newLine ? `${fixedNanos(line.timestamp)} ` : "";
    this.#newLine = !line.partial;
    const out = Buffer.concat([Buffer.from(prefix), line.content, Buffer.from(line.partial ? "" : "\n")]);
    const cut = out.length > this.#left ? out.subarray(0, this.#left) : out;
    this.#left -= cut.length;
    return cut;
  }
}

/** All nine digits of the nanoseconds, as upstream prints them. */
function fixedNanos(timestamp: string): string {
  const match = /^([^.Z+]+T[\d:]+)(?:\.(\d+))?(.*)$/.exec(timestamp);
  return match === null ? timestamp : `${match[1]}.${(match[2] ?? "").padEnd(9, "0")}${match[3]}`;
}

async function* lines(
  deps: LogReaderDependencies,
  path: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const { disk } = deps;
  const size = (await disk.status(path))?.size ?? 0;
  let offset = options.tailLines === undefined ? 0 : await tailOffset(disk, path, size, options.tailLines);
  let rest = new Uint8Array();
  // Without following, the log ends where it ended when it was asked for.
  const end = options.follow ? Number.POSITIVE_INFINITY : size;
  const wake = new Wake(deps, path, signal);
  try {
    for (;;) {
      const chunk = await disk.readRange(path, offset, Math.min(chunkBytes, end - offset));
      if (chunk.length === 0) {
        if (!options.follow || !(await wake.next())) break;
        const now = (await disk.status(path))?.size ?? 0;
        // The file was rotated away: what comes next starts at the beginning of a new one.
        if (now < offset) offset = 0;
        continue;
      }
      offset += chunk.length;
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let at = data.indexOf(newline); at >= 0; at = data.indexOf(newline, start)) {
        const line = parseLogLine(data.subarray(start, at));
        if (line !== undefined) yield line;
        start = at + 1;
      }
      rest = data.length - start > lineBytesMax ? new Uint8Array() : data.slice(start);
    }
    const last = parseLogLine(rest);
    if (last !== undefined) yield { ...last, partial: true };
  } finally {
    wake.close();
  }
}

/** Waits until a log may have grown. */
class Wake {
  readonly #deps: LogReaderDependencies;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  #changed = false;
  #notify: (() => void) | undefined;
  #ended = false;

  constructor(deps: LogReaderDependencies, path: string, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = AbortSignal.any([signal, this.#controller.signal]);
    deps.disk.watch(path, () => this.#change(), this.#signal);
    this.#signal.addEventListener("abort", () => this.#notify?.(), { once: true });
  }

  /** False when nothing more will come. */
  async next(): Promise<boolean> {
    if (this.#ended || this.#signal.aborted) return false;
    if (!this.#changed) await this.#wait();
    this.#changed = false;
    if (this.#signal.aborted) return false;
    // Once more after the end: what was written last is read before this stops.
    this.#ended = !(await this.#deps.alive());
    return true;
  }

  close(): void {
    this.#controller.abort();
  }

  #change(): void {
    this.#changed = true;
    this.#notify?.();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.after(pollMs, resolve);
      this.#notify = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
