import type { admissionregistrationV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  invalid,
  isDns1123Subdomain,
  isValidPortNumber,
  required,
} from "../../../apimachinery/index.ts";
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

/** Scheme, user and host, query, fragment: all of them may be missing. */
const urlParts = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/;

function checkUrl(url: string, path: FieldPath, errors: Errors): void {
  const parts = urlParts.exec(url);
  const wrong = urlError(url, parts?.[3] ?? "");
  if (parts === null || wrong !== undefined) {
    errors.push(required(path, `url must be a valid URL: ${wrong ?? ""}${form}`));
    return;
  }
  const [, scheme = "", user, host = "", query = "", fragment = ""] = parts;
  if (scheme.toLowerCase() !== "https") {
    errors.push(invalid(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${form}`));
  }
  if (host === "") errors.push(invalid(path, host, `host must be specified${form}`));
  if (user !== undefined) errors.push(invalid(path, user, "user information is not permitted in the URL"));
  if (fragment !== "") errors.push(invalid(path, fragment, "fragments are not permitted in the URL"));
  if (query !== "") errors.push(invalid(path, query, "query parameters are not permitted in the URL"));
}

/** What Go's parser refuses, in its words. */
function urlError(url: string, host: string): string | undefined {
  const shown = JSON.stringify(url);
  const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(url);
  if ([...url].some((character) => character < " " || character === "\x7f")) {
    return `parse ${shown}: net/url: invalid control character in URL`;
  }
  if (escape !== null) return `parse ${shown}: invalid URL escape ${JSON.stringify(escape[0])}`;
  if (url.startsWith(":")) return `parse ${shown}: missing protocol scheme`;
  if (host.includes(" ")) return `parse ${shown}: invalid character " " in host name`;
  const port = /:([^:\]]*)$/.exec(host)?.[0];
  if (port !== undefined && !/^:[0-9]*$/.test(port))
    return `parse ${shown}: invalid port ${JSON.stringify(port)} after host`;
  const [first = ""] = url.split("/");
  if (first.includes(":") && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(first)) {
    return `parse ${shown}: first path segment in URL cannot contain colon`;
  }
  return undefined;
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
