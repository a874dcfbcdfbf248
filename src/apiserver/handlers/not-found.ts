import { newFailure } from "../../apimachinery/index.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { statusReply, textReply } from "../http/reply.ts";

/** What upstream's router says to a path it does not know below a known group version. */
export function notFoundReply(): ApiResponse {
  return textReply(404, "404 page not found\n");
}

/** What a resource request gets when the resource is not served. */
export function unknownResourceReply(): ApiResponse {
  return statusReply(newFailure(404, "NotFound", "the server could not find the requested resource", {}).status);
}
