/**
 * Field errors, `field.Error` upstream. `FieldPath` renders as `spec.containers[0].name`, map keys as
 * `metadata.labels[app]`. Constructors live in `validation/field-error.ts`: required, invalid, notSupported,
 * duplicate, forbidden, tooLong, tooMany, tooFew, tooShort, notFound, typeInvalid, internal; each renders its message
 * as upstream does (`spec.x: Invalid value: "y": must be…`).
 */
export type FieldErrorType =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooShort"
  | "FieldValueTooMany"
  | "FieldValueTooFew"
  | "InternalError"
  | "FieldValueTypeInvalid";

export interface FieldError {
  readonly type: FieldErrorType;
  readonly field: string;
  readonly badValue?: unknown;
  readonly detail: string;
}
