import {
  type FieldPath,
  invalid,
  isDns1123Subdomain,
  isPathSegmentName,
  required,
} from "../../../apimachinery/index.ts";
import { addMessages, type Errors } from "../common/check.ts";

interface Reference {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
}

export function checkReference({ apiGroup, kind, name }: Reference, path: FieldPath, errors: Errors): void {
  if (apiGroup !== undefined) addMessages(isDns1123Subdomain(apiGroup), apiGroup, path.child("apiGroup"), errors);
  checkSegment(kind, path.child("kind"), "", errors);
  checkSegment(name, path.child("name"), "", errors);
}

/** Something that stands in a URL. */
export function checkSegment(value: string | undefined, path: FieldPath, missing: string, errors: Errors): void {
  if (value === undefined || value === "") errors.push(required(path, missing));
  else addMessages(isPathSegmentName(value), value, path, errors);
}

const badSequences = ["//", "/./", "/../", "%2f", "%2F"];
const badEnds = ["/..", "/."];

/** A path that is compared part by part. */
export function checkComparedPath(value: string, path: FieldPath, errors: Errors): void {
  if (!value.startsWith("/")) errors.push(invalid(path, value, "must be an absolute path"));
  for (const part of badSequences) {
    if (value.includes(part)) errors.push(invalid(path, value, `must not contain '${part}'`));
  }
  for (const end of badEnds) if (value.endsWith(end)) errors.push(invalid(path, value, `cannot end with '${end}'`));
}
