import {
  duplicate,
  type FieldPath,
  invalid,
  isCIdentifier,
  isDns1123Subdomain,
  required,
  tooLong,
  tooMany,
} from "../../../apimachinery/index.ts";
import { addMessages, type Check, checkEach, type Errors } from "../common/check.ts";
import { checkCsiDriverName } from "../common/volumes.ts";

const poolNameMax = 253;
const identifierMax = 32;

/** The same rule as for CSI drivers. */
export const checkDriverName = checkCsiDriverName;

/** Subdomains, separated by slashes. */
export function checkPoolName(name: string, path: FieldPath, errors: Errors): void {
  if (name === "") {
    errors.push(required(path));
    return;
  }
  if (name.length > poolNameMax) errors.push(tooLong(path, poolNameMax));
  for (const part of name.split("/")) addMessages(isDns1123Subdomain(part), part, path, errors);
}

/** Of an attribute or capacity: an identifier, with the domain of a driver before it or none. */
export function checkAttributeName(name: string, path: FieldPath, errors: Errors): void {
  const [first = "", second, ...more] = name.split("/");
  if (second === undefined) checkIdentifier(first, path, errors);
  // Of what has more slashes upstream says nothing.
  else if (more.length === 0) {
    if (first === "") errors.push(invalid(path, "", "the domain must not be empty"));
    else checkDriverName(first, path, errors);
    if (second === "") errors.push(invalid(path, "", "the name must not be empty"));
    else checkIdentifier(second, path, errors);
  }
}

export function checkFullAttributeName(name: string, path: FieldPath, errors: Errors): void {
  checkAttributeName(name, path, errors);
  if (name.includes("/")) return;
  errors.push(invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash"));
}

function checkIdentifier(name: string, path: FieldPath, errors: Errors): void {
  if (name.length > identifierMax) errors.push(tooLong(path, identifierMax));
  addMessages(isCIdentifier(name), name, path, errors);
}

const uidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function checkUid(uid: string, path: FieldPath, errors: Errors): void {
  if (uidPattern.test(uid)) return;
  const normal = uid.length === 36 && uidPattern.test(uid.toLowerCase());
  const why = normal
    ? "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters"
    : `error validating uid: invalid UUID ${uid.length === 36 ? "format" : `length: ${uid.length}`}`;
  errors.push(invalid(path, uid, why));
}

/** Too long a list is not looked into. */
export function checkBounded<T>(
  list: readonly T[] | undefined,
  most: number,
  path: FieldPath,
  errors: Errors,
  check: Check<T>,
): void {
  const count = list?.length ?? 0;
  if (count > most) errors.push(tooMany(path, count, most));
  else checkEach(list, path, errors, check);
}

/** The same, where no two items may have the same key; `shown`: how errors tell it, where that is another form. */
export function checkSet<T>(
  list: readonly T[] | undefined,
  most: number,
  key: (item: T) => string,
  path: FieldPath,
  errors: Errors,
  check: Check<T>,
  shown: (item: T) => unknown = key,
): void {
  checkBounded(list, most, path, errors, check);
  if ((list?.length ?? 0) > most) return;
  const seen = new Set<string>();
  checkEach(list, path, errors, (item, at) => {
    if (seen.has(key(item))) errors.push(duplicate(at, shown(item)));
    seen.add(key(item));
  });
}

/** A map with checked keys; as `checkBounded`. */
export function checkMap<T>(
  map: Readonly<Record<string, T>> | undefined,
  most: number,
  checkKey: Check<string>,
  path: FieldPath,
  errors: Errors,
  check: Check<T>,
): void {
  const entries = Object.entries(map ?? {});
  if (entries.length > most) {
    errors.push(tooMany(path, entries.length, most));
    return;
  }
  for (const [key, value] of entries) {
    checkKey(key, path, errors);
    check(value, path.key(key), errors);
  }
}
