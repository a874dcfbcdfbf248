/**
 * `metav1.Status` as an error. Constructors live in `errors/status.ts`: newNotFound, newAlreadyExists, newConflict,
 * newInvalid, newBadRequest, newForbidden, newUnauthorized, newMethodNotSupported, newGone (reason Expired or Gone),
 * newTooManyRequests, newTimeout, newServerTimeout, newInternalError, newUnsupportedMediaType, newNotAcceptable,
 * newRequestEntityTooLarge, newServiceUnavailable, newGenericServerResponse. Each words its message as upstream does.
 */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status?: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? "unknown");
    this.name = "StatusError";
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? "";
  }
}
