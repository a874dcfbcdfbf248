import {
  dns1123LabelMaxLength,
  dns1123SubdomainMaxLength,
  type FieldPath,
  invalid,
  isDns1123Label,
  isDns1123Subdomain,
  type Messages,
  nameIsDnsSubdomain,
  quote,
  required,
  tooLong,
} from "../../../apimachinery/index.ts";
import type { Errors } from "./check.ts";

/** `example.com/signer-name`, as in CertificateSigningRequests and trust bundles. */
export function checkSignerName(name: string, path: FieldPath, errors: Errors): void {
  if (name === "") {
    errors.push(required(path));
    return;
  }
  const segments = name.split("/");
  const [domain = "", rest = ""] = segments;
  if (segments.length !== 2) {
    errors.push(invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"));
    return;
  }
  if (domain.length > dns1123SubdomainMaxLength) errors.push(tooLong(path, dns1123SubdomainMaxLength));
  const labels = domain.split(".");
  checkParts(labels, domain, isDns1123Label, path, errors);
  if (labels.length < 2)
    errors.push(invalid(path, domain, "should be a domain with at least two segments separated by dots"));
  checkParts(rest.split("."), rest, isDns1123Subdomain, path, errors);
  const longest = 2 * dns1123SubdomainMaxLength + dns1123LabelMaxLength + 2;
  if (name.length > longest) errors.push(tooLong(path, longest));
}

function checkParts(
  parts: readonly string[],
  whole: string,
  rule: (part: string) => Messages,
  path: FieldPath,
  errors: Errors,
): void {
  const wrong = parts.find((part) => rule(part).length > 0);
  if (wrong === undefined) return;
  for (const message of rule(wrong)) errors.push(invalid(path, whole, `validating label ${quote(wrong)}: ${message}`));
}

/** Trust bundles of a signer are named after it; those without a signer have no colon. */
export function trustBundleNameMessages(name: string, signerName: string, prefix: boolean): Messages {
  if (signerName === "") {
    if (name.includes(":")) return ['ClusterTrustBundle without signer name must not have ":" in its name'];
    return nameIsDnsSubdomain(name, prefix);
  }
  const start = `${signerName.replaceAll("/", ":")}:`;
  if (!name.startsWith(start))
    return [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${start}`];
  return nameIsDnsSubdomain(name.slice(start.length), prefix);
}
