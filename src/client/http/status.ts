import { type Status, StatusError } from "../../apimachinery/index.ts";

/** What a failed answer says: the `Status` in its body, or one made from the HTTP status alone, as upstream's client does. */
export function statusErrorOf(code: number, body: Uint8Array, headers: Readonly<Record<string, string>>): StatusError {
  const text = new TextDecoder().decode(body);
  const status = parseStatus(text);
  if (status !== undefined) return new StatusError(status.code === undefined ? { ...status, code } : status);
  return new StatusError(genericStatus(code, text, headers["retry-after"]));
}

function parseStatus(text: string): Status | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status" && "status" in value;
}

const generic: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ["BadRequest", "the server rejected our request for an unknown reason"],
  401: ["Unauthorized", "the server has asked for the client to provide credentials"],
  403: ["Forbidden", "the server has forbidden the request"],
  404: ["NotFound", "the server could not find the requested resource"],
  405: ["MethodNotAllowed", "the server does not allow this method on the requested resource"],
  406: ["NotAcceptable", "the server was unable to respond with a content type that the client supports"],
  409: ["Conflict", "the server reported a conflict"],
  410: ["Gone", "the resource is gone"],
  415: ["UnsupportedMediaType", "the server was unable to accept the type of the body"],
  422: ["Invalid", "the server rejected our request due to an error in our request"],
  429: ["TooManyRequests", "the server has received too many requests and has asked us to try again later"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: [
    "Timeout",
    "the server was unable to return a response in the time allotted, but may still be processing the request",
  ],
};

function genericStatus(code: number, text: string, retryAfter: string | undefined): Status {
  const [reason, message] =
    generic[code] ??
    (code >= 500
      ? ["InternalError", "an error on the server prevented the request from succeeding"]
      : ["Unknown", `the server responded with the status code ${code} but did not return more information`]);
  const detail = text.trim().slice(0, 2048);
  const retryAfterSeconds = retryAfter === undefined ? undefined : Number.parseInt(retryAfter, 10);
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: detail === "" ? message : `${message} (${detail})`,
    reason,
    details: {
      ...(detail === "" ? {} : { causes: [{ reason: "UnexpectedServerResponse", message: detail }] }),
      ...(retryAfterSeconds === undefined || Number.isNaN(retryAfterSeconds) ? {} : { retryAfterSeconds }),
    },
    code,
  };
}
