import { formatYaml, newFailure, type StatusError } from "../../apimachinery/index.ts";
import type { Clock, Log } from "../../base/index.ts";
import type { AccessObserver, Authenticator } from "../authentication/index.ts";
import type { DiagnosticsAnswer, DiagnosticsHandler, DiagnosticsRequest } from "../serving/diagnostics.ts";
import type { DelegatedAuthorizer } from "./authorizer.ts";

export interface GuardOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly authenticator: Authenticator;
  readonly authorizer: DelegatedAuthorizer;
  readonly observer?: AccessObserver;
  /** Ends questions that are under way when the server closes. */
  readonly signal: AbortSignal;
}

/** Answers those who may not pass, with upstream's 401, 403 and 500. */
export function accessGuard(options: GuardOptions): DiagnosticsHandler {
  const { clock, log, authenticator, authorizer, observer, signal } = options;
  return async (request) => {
    const { path, headers, clientCertificates, remoteAddress } = request;
    const arrivedMs = clock.monotonic();
    const found = await authenticator.authenticate({ headers, clientCertificates, remoteAddress, path }, signal);
    const user = found.type === "authenticated" ? found.user : undefined;
    const knownMs = clock.monotonic();
    observer?.authenticated(user, knownMs - arrivedMs);
    if (user === undefined) {
      if (found.type === "rejected") log.warn("Unable to authenticate the request", { path, error: found.message });
      return statusAnswer(newFailure(401, "Unauthorized", "Unauthorized"), request);
    }
    const verb = request.method.toLowerCase();
    const decision = await authorizer.authorize(user, verb, path, signal);
    const told = decision.type === "failed" ? "no-opinion" : decision.type;
    observer?.authorized(told, clock.monotonic() - knownMs);
    if (decision.type === "allowed") return undefined;
    if (decision.type === "failed") return internalError(request, decision.error);
    const suffix = decision.reason === "" ? "" : `: ${decision.reason}`;
    const message = `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}${suffix}`;
    return statusAnswer(newFailure(403, "Forbidden", message, {}), request);
  };
}

/** JSON, or YAML where that is asked for; indented for people. */
function statusAnswer(error: StatusError, { headers, query }: DiagnosticsRequest): DiagnosticsAnswer {
  const { status } = error;
  const { code = 500 } = status;
  const accept = headers["accept"] ?? "";
  const [media = ""] = String(accept).split(/[,;]/);
  if (media === "application/yaml") {
    return { status: code, contentType: "application/yaml", body: formatYaml(status) };
  }
  const agent = String(headers["user-agent"] ?? "");
  const asked = query.get("pretty");
  const pretty = asked === null ? /^(curl|Wget|Mozilla\/5\.0)/.test(agent) : asked !== "0" && asked !== "false";
  const body = pretty ? JSON.stringify(status, undefined, 2) : `${JSON.stringify(status)}\n`;
  return { status: code, contentType: "application/json", body };
}

/** Upstream: `responsewriters.InternalError`. */
function internalError({ target }: DiagnosticsRequest, why: string): DiagnosticsAnswer {
  const text = `Internal Server Error: ${JSON.stringify(target)}: ${why}\n`;
  const harmless = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { status: 500, contentType: "text/plain; charset=utf-8", body: harmless };
}
