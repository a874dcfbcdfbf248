import type { ApiResponse } from "../http/exchange.ts";
import { newFailure, type StatusError } from "../../apimachinery/index.ts";
import { textReply } from "../http/reply.ts";

/** Also what clients make of the plain 404 of upstream's router. */
export function unknownResource(): StatusError {
  return newFailure(404, "NotFound", "the server could not find the requested resource", {});
}

/** What upstream's router says to a path that it does not know; clients have words of their own for it. */
export function notFoundReply(): ApiResponse {
  return textReply(404, "404 page not found\n");
}
