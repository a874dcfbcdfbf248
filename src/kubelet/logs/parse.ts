/** One line of a CRI log: `2016-10-06T00:17:09.669794202Z stdout F message`. */
export interface LogLine {
  readonly timestamp: string;
  readonly stream: "stdout" | "stderr";
  /** The rest of the line is in the next entry of the same stream. */
  readonly partial: boolean;
  /** Without the newline that ended the entry. */
  readonly content: Uint8Array;
}

const space = 0x20;
const decoder = new TextDecoder();

/** `undefined` for anything that is not a log line. */
export function parseLogLine(line: Uint8Array): LogLine | undefined {
  const first = line.indexOf(space);
  const second = first < 0 ? -1 : line.indexOf(space, first + 1);
  const third = second < 0 ? -1 : line.indexOf(space, second + 1);
  if (second < 0) return undefined;
  const stream = decoder.decode(line.subarray(first + 1, second));
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const tags = decoder.decode(line.subarray(second + 1, third < 0 ? line.length : third));
  return {
    timestamp: decoder.decode(line.subarray(0, first)),
    stream,
    partial: tags.split(":")[0] === "P",
    content: third < 0 ? new Uint8Array() : line.subarray(third + 1),
  };
}

/** Nanoseconds since the epoch; `undefined` when it is no RFC 3339 time. */
export function parseNanoTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const seconds = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(seconds)) return undefined;
  return BigInt(seconds) * 1_000_000n + BigInt((match[2] ?? "").padEnd(9, "0") || "0");
}
