import { quote } from "../validation/quote.ts";
import type { StatusCause, StatusError } from "./contract.ts";
import { type GroupResource, groupResourceText, newFailure } from "./status.ts";

export interface ServerResponse {
  readonly code: number;
  /** HTTP method. */
  readonly verb: string;
  readonly resource: GroupResource;
  readonly name: string;
  /** The body, where it was no Status. */
  readonly serverMessage: string;
  readonly retryAfterSeconds: number;
  readonly isUnexpected: boolean;
}

interface Meaning {
  readonly reason: string;
  readonly message: string;
}

const meanings: Readonly<Record<number, Meaning>> = {
  400: { reason: "BadRequest", message: "the server rejected our request for an unknown reason" },
  401: { reason: "Unauthorized", message: "the server has asked for the client to provide credentials" },
  404: { reason: "NotFound", message: "the server could not find the requested resource" },
  405: { reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource" },
  422: { reason: "Invalid", message: "the server rejected our request due to an error in our request" },
  429: {
    reason: "TooManyRequests",
    message: "the server has received too many requests and has asked us to try again later",
  },
  503: { reason: "ServiceUnavailable", message: "the server is currently unable to handle the request" },
  504: {
    reason: "Timeout",
    message: "the server was unable to return a response in the time allotted, but may still be processing the request",
  },
};

/** The error a client makes of a response that is no Status. `NewGenericServerResponse` upstream. */
export function newGenericServerResponse(response: ServerResponse): StatusError {
  const { reason, message } = meaningOf(response);
  const { resource, name } = response;
  const known = resource.group !== "" || resource.resource !== "";
  const subject = `${response.verb.toLowerCase()} ${groupResourceText(resource)}`;
  const suffix = !known ? "" : name === "" ? ` (${subject})` : ` (${subject} ${name})`;
  const causes: StatusCause[] = [{ reason: "UnexpectedServerResponse", message: response.serverMessage }];
  return newFailure(response.code, reason, message + suffix, {
    ...(name === "" ? {} : { name }),
    ...(resource.group === "" ? {} : { group: resource.group }),
    ...(resource.resource === "" ? {} : { kind: resource.resource }),
    ...(response.isUnexpected ? { causes } : {}),
    ...(response.retryAfterSeconds === 0 ? {} : { retryAfterSeconds: response.retryAfterSeconds }),
  });
}

function meaningOf({ code, verb, serverMessage }: ServerResponse): Meaning {
  const fixed = meanings[code];
  if (fixed !== undefined) return fixed;
  switch (code) {
    case 403:
      return { reason: "Forbidden", message: serverMessage };
    case 406: {
      const silent = serverMessage === "" || serverMessage === "unknown";
      const message = "the server was unable to respond with a content type that the client supports";
      return { reason: "NotAcceptable", message: silent ? message : serverMessage };
    }
    case 409:
      return { reason: verb === "POST" ? "AlreadyExists" : "Conflict", message: "the server reported a conflict" };
    case 415:
      return { reason: "UnsupportedMediaType", message: serverMessage };
  }
  if (code < 500) {
    return {
      reason: "",
      message: `the server responded with the status code ${code} but did not return more information`,
    };
  }
  const message = `an error on the server (${quote(serverMessage)}) has prevented the request from succeeding`;
  return { reason: "InternalError", message };
}
