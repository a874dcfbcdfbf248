import type { FieldError } from "./contract.ts";
import { invalid, required } from "./field-error.ts";
import type { FieldPath } from "./field-path.ts";
import { isDns1123Label, isDns1123Subdomain, isQualifiedName, regexError } from "./strings.ts";

/** At least three segments. */
export function validateFullyQualifiedName(name: string, path: FieldPath, errors: FieldError[]): void {
  if (name === "") {
    errors.push(required(path));
    return;
  }
  const messages = isDns1123Subdomain(name);
  if (messages.length > 0) errors.push(invalid(path, name, messages.join(",")));
  else if (name.split(".").length < 3) {
    errors.push(invalid(path, name, "should be a domain with at least three segments separated by dots"));
  }
}

/** At least two segments; a final dot is fine. */
export function validateFullyQualifiedDomainName(name: string, path: FieldPath, errors: FieldError[]): void {
  if (name === "") {
    errors.push(required(path));
    return;
  }
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  const messages = isDns1123Subdomain(bare);
  if (messages.length > 0) {
    errors.push(invalid(path, bare, messages.join(",")));
    return;
  }
  const labels = bare.split(".");
  if (labels.length < 2) {
    errors.push(invalid(path, bare, "should be a domain with at least two segments separated by dots"));
    return;
  }
  const wrong = labels.find((label) => isDns1123Label(label).length > 0);
  if (wrong !== undefined) errors.push(invalid(path, wrong, isDns1123Label(wrong).join(",")));
}

const httpPathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const httpPath = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** `acme.io/foo`, where what follows the slash is a path (signer names). */
export function validateDomainPrefixedPath(value: string, path: FieldPath, errors: FieldError[]): void {
  if (value === "") {
    errors.push(required(path));
    return;
  }
  const slash = value.indexOf("/");
  const [host, rest] = slash < 0 ? ["", ""] : [value.slice(0, slash), value.slice(slash + 1)];
  if (host === "" || rest === "") {
    errors.push(invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  for (const message of isDns1123Subdomain(host)) errors.push(invalid(path, host, message));
  if (!httpPath.test(rest)) errors.push(invalid(path, rest, regexError("Invalid path", httpPathFormat)));
}

/** `acme.io/foo`, where what follows the slash is a name. */
export function validateDomainPrefixedKey(key: string, path: FieldPath, errors: FieldError[]): void {
  if (key === "") {
    errors.push(required(path));
    return;
  }
  const messages = isQualifiedName(key);
  for (const message of messages) errors.push(invalid(path, key, message));
  if (messages.length === 0 && !key.includes("/")) {
    errors.push(invalid(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")'));
  }
}
