import type { admissionregistrationV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  invalid,
  isDns1123Subdomain,
  isValidPortNumber,
  required,
} from "../../../apimachinery/index.ts";
import { parseGoUrl } from "../../request/go-url.ts";
import type { Errors } from "../common/check.ts";

const form = "; desired format: https://host[/path]";

/** Where a webhook is called: by URL, or through a Service. */
export function checkWebhookClient(
  { url, service }: admissionregistrationV1.WebhookClientConfig,
  path: FieldPath,
  errors: Errors,
): void {
  if ((url === undefined) === (service === undefined)) {
    errors.push(required(path, "exactly one of url or service is required"));
  } else if (url !== undefined) checkUrl(url, path.child("url"), errors);
  else if (service !== undefined) checkService(service, path.child("service"), errors);
}

function checkUrl(url: string, path: FieldPath, errors: Errors): void {
  const parts = parseGoUrl(url);
  if (typeof parts === "string") {
    errors.push(required(path, `url must be a valid URL: ${parts}${form}`));
    return;
  }
  const { scheme, user, host, query, fragment } = parts;
  if (scheme !== "https") errors.push(invalid(path, scheme, `'https' is the only allowed URL scheme${form}`));
  if (host === "") errors.push(invalid(path, host, `host must be specified${form}`));
  if (user !== undefined) errors.push(invalid(path, user, "user information is not permitted in the URL"));
  if (fragment !== "") errors.push(invalid(path, fragment, "fragments are not permitted in the URL"));
  if (query !== "") errors.push(invalid(path, query, "query parameters are not permitted in the URL"));
}

function checkService(
  { name = "", namespace = "", path: urlPath, port = 443 }: admissionregistrationV1.ServiceReference,
  path: FieldPath,
  errors: Errors,
): void {
  // Upstream has the two the wrong way round.
  if (namespace === "") errors.push(required(path.child("name")));
  if (name === "") errors.push(required(path.child("namespace")));
  const wrong = isValidPortNumber(port);
  if (wrong.length > 0) errors.push(invalid(path.child("port"), port, `port is not valid: ${wrong.join(", ")}`));
  if (urlPath !== undefined) checkPath(urlPath, path.child("path"), errors);
}

function checkPath(urlPath: string, path: FieldPath, errors: Errors): void {
  if (urlPath === "" || urlPath === "/") return;
  if (urlPath === "//") {
    errors.push(invalid(path, urlPath, "segment[0] may not be empty"));
    return;
  }
  if (!urlPath.startsWith("/")) errors.push(invalid(path, urlPath, "must start with a '/'"));
  const segments = urlPath.slice(1).replace(/\/$/, "").split("/");
  for (const [index, segment] of segments.entries()) {
    const messages = segment === "" ? ["may not be empty"] : isDns1123Subdomain(segment).map((one) => `: ${one}`);
    for (const message of messages) {
      errors.push(invalid(path, urlPath, `segment[${index}]${segment === "" ? " " : ""}${message}`));
    }
  }
}
