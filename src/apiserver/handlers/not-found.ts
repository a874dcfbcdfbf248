import type { ApiResponse } from "../http/exchange.ts";
import { textReply } from "../http/reply.ts";

/** What upstream's router says to a path that it does not know; clients have words of their own for it. */
export function notFoundReply(): ApiResponse {
  return textReply(404, "404 page not found\n");
}
