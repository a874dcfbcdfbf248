import type { FieldError } from "../validation/contract.ts";
import { aggregateFieldErrors, fieldErrorBody } from "../validation/field-error.ts";
import { quote } from "../validation/quote.ts";
import { type Status, type StatusCause, type StatusDetails, StatusError } from "./contract.ts";

export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** `deployments.apps`, or `pods` for the core group. */
export function groupResourceText(of: GroupResource): string {
  return of.group === "" ? of.resource : `${of.resource}.${of.group}`;
}

/** `Deployment.apps`, or `Pod` for the core group. */
export function groupKindText(of: GroupKind): string {
  return of.group === "" ? of.kind : `${of.kind}.${of.group}`;
}

/** A failure of any code and reason; the constructors below know the usual ones. */
export function newFailure(code: number, reason: string, message: string, details?: StatusDetails): StatusError {
  const base = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message } as const;
  const status: Status = {
    ...base,
    ...(reason === "" ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
  return new StatusError(status);
}

function detailsOf(of: GroupResource, name: string, more: StatusDetails = {}): StatusDetails {
  return {
    ...(name === "" ? {} : { name }),
    ...(of.group === "" ? {} : { group: of.group }),
    ...(of.resource === "" ? {} : { kind: of.resource }),
    ...more,
  };
}

function retryDetails(seconds: number): StatusDetails {
  return seconds === 0 ? {} : { retryAfterSeconds: seconds };
}

export function newNotFound(of: GroupResource, name: string): StatusError {
  return newFailure(404, "NotFound", `${groupResourceText(of)} ${quote(name)} not found`, detailsOf(of, name));
}

export function newAlreadyExists(of: GroupResource, name: string): StatusError {
  const message = `${groupResourceText(of)} ${quote(name)} already exists`;
  return newFailure(409, "AlreadyExists", message, detailsOf(of, name));
}

export function newGenerateNameConflict(of: GroupResource, name: string, retryAfterSeconds: number): StatusError {
  const message = `${groupResourceText(of)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`;
  return newFailure(409, "AlreadyExists", message, detailsOf(of, name, retryDetails(retryAfterSeconds)));
}

export function newUnauthorized(reason: string): StatusError {
  return newFailure(401, "Unauthorized", reason === "" ? "not authorized" : reason);
}

export function newForbidden(of: GroupResource, name: string, why: string): StatusError {
  const subject = groupResourceText(of);
  const empty = of.group === "" && of.resource === "";
  const named = name === "" ? `${subject} is forbidden: ${why}` : `${subject} ${quote(name)} is forbidden: ${why}`;
  return newFailure(403, "Forbidden", empty ? `forbidden: ${why}` : named, detailsOf(of, name));
}

/** What a writer with a stale resource version is told. */
export const optimisticLockMessage =
  "the object has been modified; please apply your changes to the latest version and try again";

export function newConflict(of: GroupResource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${groupResourceText(of)} ${quote(name)}: ${why}`;
  return newFailure(409, "Conflict", message, detailsOf(of, name));
}

export function newApplyConflict(causes: readonly StatusCause[], message: string): StatusError {
  return newFailure(409, "Conflict", message, { causes });
}

/** 410 with reason Gone. */
export function newGone(message: string): StatusError {
  return newFailure(410, "Gone", message);
}

/** 410 with reason Expired: a resource version or continue token that is too old. */
export function newResourceExpired(message: string): StatusError {
  return newFailure(410, "Expired", message);
}

export function newInvalid(of: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const causes = errors.map((error) => ({ reason: error.type, message: fieldErrorBody(error), field: error.field }));
  const head = `${groupKindText(of)} ${quote(name)} is invalid`;
  const message = errors.length === 0 ? head : `${head}: ${aggregateFieldErrors(errors)}`;
  const details = detailsOf({ group: of.group, resource: of.kind }, name, causes.length === 0 ? {} : { causes });
  return newFailure(422, "Invalid", message, details);
}

export function newBadRequest(reason: string): StatusError {
  return newFailure(400, "BadRequest", reason);
}

export function newTooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return newFailure(429, "TooManyRequests", message, retryDetails(retryAfterSeconds));
}

export function newServiceUnavailable(reason: string): StatusError {
  return newFailure(503, "ServiceUnavailable", reason);
}

export function newMethodNotSupported(of: GroupResource, action: string): StatusError {
  const message = `${action} is not supported on resources of kind ${quote(groupResourceText(of))}`;
  return newFailure(405, "MethodNotAllowed", message, detailsOf(of, ""));
}

export function newServerTimeout(of: GroupResource, operation: string, retryAfterSeconds: number): StatusError {
  const message = `The ${operation} operation against ${groupResourceText(of)} could not be completed at this time, please try again.`;
  return newFailure(500, "ServerTimeout", message, detailsOf(of, operation, retryDetails(retryAfterSeconds)));
}

export function newInternalError(why: string): StatusError {
  return newFailure(500, "InternalError", `Internal error occurred: ${why}`, { causes: [{ message: why }] });
}

/** 500 without a reason: what upstream makes of an error that is no Status. */
export function newUnknownError(message: string): StatusError {
  return newFailure(500, "", message);
}

export function newTimeout(message: string, retryAfterSeconds: number): StatusError {
  return newFailure(504, "Timeout", `Timeout: ${message}`, retryDetails(retryAfterSeconds));
}

export function newRequestEntityTooLarge(message: string): StatusError {
  return newFailure(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
}

/** `accepted`: media types in the server's order. */
export function newUnsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return newFailure(415, "UnsupportedMediaType", message);
}

export function newNotAcceptable(accepted: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${accepted.join(", ")}`;
  return newFailure(406, "NotAcceptable", message);
}

export function isStatusError(error: unknown, ...reasons: readonly string[]): error is StatusError {
  return error instanceof StatusError && (reasons.length === 0 || reasons.includes(error.reason));
}
