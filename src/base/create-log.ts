import type { Clock } from "./clock.ts";
import type { Log, LogFields, LogLevel } from "./log.ts";

export type LogFormat = "text" | "json";

export interface LogOptions {
  readonly clock: Pick<Clock, "now">;
  /** Takes one finished line, without the newline. */
  readonly sink: (line: string) => void;
  /** Default `info`. A function is asked for every line, so that the level can change while running. */
  readonly level?: LogLevel | (() => LogLevel);
  /** Default `text`. */
  readonly format?: LogFormat;
  readonly fields?: LogFields;
}

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A log that writes lines to a sink. */
export function createLog(options: LogOptions): Log {
  const { clock, sink, level = "info", format = "text", fields = {} } = options;
  const render = format === "json" ? renderJson : renderText;
  const currentLevel = typeof level === "function" ? level : (): LogLevel => level;
  return new ForwardingLog(fields, (entry) => {
    if (rank[entry.level] < rank[currentLevel()]) return;
    sink(render(new Date(clock.now()).toISOString(), entry));
  });
}

/** Keeps everything, for tests. */
export class CapturingLog implements Log {
  readonly entries: LogEntry[] = [];
  readonly #log = new ForwardingLog({}, (entry) => this.entries.push(entry));

  debug(message: string, fields?: LogFields): void {
    this.#log.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log.info(message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log.warn(message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log.error(message, fields);
  }

  with(fields: LogFields): Log {
    return this.#log.with(fields);
  }

  /** The messages of one level, in order. */
  messages(level: LogLevel): readonly string[] {
    return this.entries.filter((entry) => entry.level === level).map((entry) => entry.message);
  }
}

class ForwardingLog implements Log {
  readonly #fields: LogFields;
  readonly #take: (entry: LogEntry) => void;

  constructor(fields: LogFields, take: (entry: LogEntry) => void) {
    this.#fields = fields;
    this.#take = take;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }

  with(fields: LogFields): Log {
    return new ForwardingLog({ ...this.#fields, ...fields }, this.#take);
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    this.#take({ level, message, fields: fields === undefined ? this.#fields : { ...this.#fields, ...fields } });
  }
}

/** Drops everything. */
export const silentLog: Log = Object.freeze(new ForwardingLog({}, () => {}));

function renderText(time: string, { level, message, fields }: LogEntry): string {
  let line = `${time} ${level.toUpperCase().padEnd(5)} ${message}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${textOf(value)}`;
  }
  return line;
}

function renderJson(time: string, { level, message, fields }: LogEntry): string {
  const plain: Record<string, unknown> = { ts: time, level, msg: message };
  for (const [name, value] of Object.entries(fields))
    plain[name] = value instanceof Error ? describeError(value) : value;
  try {
    return JSON.stringify(plain, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
  } catch {
    return JSON.stringify({ ts: time, level, msg: message, fields: "not serializable" });
  }
}

function textOf(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(describeError(value));
  if (typeof value === "string") return /^[\w./:@%+,-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return "[not serializable]";
  }
}

/** The message with those of its causes. */
function describeError(error: Error): string {
  const parts = [error.message];
  for (let cause = error.cause; cause instanceof Error && parts.length < 5; cause = cause.cause) {
    if (!parts.some((part) => part.includes((cause as Error).message))) parts.push(cause.message);
  }
  return parts.join(": ");
}
