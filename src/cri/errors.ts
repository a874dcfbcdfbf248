/** Names of the gRPC status codes, by number, as Go clients print them. */
const codeNames = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
] as const;

export type CriCode = (typeof codeNames)[number];

export function codeName(code: number): CriCode {
  return codeNames[code] ?? "Unknown";
}

/** A call that the runtime refused or that did not reach it. The message is what upstream's kubelet shows. */
export class CriError extends Error {
  readonly code: CriCode;
  /** The runtime's own words. */
  readonly description: string;

  constructor(code: CriCode, description: string, options?: ErrorOptions) {
    super(`rpc error: code = ${code} desc = ${description}`, options);
    this.name = "CriError";
    this.code = code;
    this.description = description;
  }
}

export function isCriError(error: unknown, code?: CriCode): error is CriError {
  return error instanceof CriError && (code === undefined || error.code === code);
}

/** Whether the same call may succeed when made again: the runtime was not there or did not answer in time. */
export function isRetriable(error: unknown): boolean {
  return isCriError(error, "Unavailable") || isCriError(error, "DeadlineExceeded");
}
