// Part of the worker, which imports nothing it can do without: each module costs its start some milliseconds.

/** An error on its way between the threads. */
export interface Failure {
  readonly kind: "locked" | "corrupt" | "full" | "cannot-open" | "failed";
  readonly message: string;
}

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const KINDS: Readonly<Record<number, Failure["kind"]>> = {
  5: "locked",
  6: "locked",
  8: "cannot-open",
  11: "corrupt",
  13: "full",
  14: "cannot-open",
  26: "corrupt",
};

/** Thrown by the worker's own checks. */
export class FileFailure extends Error {
  readonly kind: Failure["kind"];

  constructor(kind: Failure["kind"], message: string) {
    super(message);
    this.name = "FileFailure";
    this.kind = kind;
  }
}

export function describeFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof FileFailure) return { kind: error.kind, message };
  if (typeof error === "object" && error !== null) {
    if ("errcode" in error && typeof error.errcode === "number") {
      return { kind: KINDS[error.errcode & 0xff] ?? "failed", message };
    }
    if ("code" in error && error.code === "ENOSPC") return { kind: "full", message };
    if ("syscall" in error && error.syscall === "open") return { kind: "cannot-open", message };
  }
  return { kind: "failed", message };
}
