import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { bytesReply, wholeOf } from "../http/reply.ts";
import type { Query } from "../request/query.ts";

/** Beyond this nobody reads it. */
const prettyBytesMax = 1024 * 1024;

/** Indents JSON when the query asks for it, or a browser, curl or wget asks at all; upstream does the same. */
export function prettyPrinted(response: ApiResponse, request: ApiRequest, query: Query): ApiResponse {
  if (!wanted(request, query) || response.headers["content-type"] !== "application/json") return response;
  // What has a tag is sent as it is.
  if (response.headers["etag"] !== undefined) return response;
  const text = bodyText(response);
  if (text === undefined) return response;
  try {
    const pretty = bytesReply(
      response.status,
      "application/json",
      Buffer.from(`${JSON.stringify(JSON.parse(text), undefined, 2)}\n`),
    );
    return { ...response, body: pretty.body };
  } catch {
    return response;
  }
}

function wanted(request: ApiRequest, query: Query): boolean {
  const asked = query.get("pretty");
  if (asked !== undefined) return asked !== "0" && asked !== "false";
  const agent = request.headers["user-agent"];
  return (
    typeof agent === "string" &&
    (agent.startsWith("curl") || agent.startsWith("Wget") || agent.startsWith("Mozilla/5.0"))
  );
}

function bodyText({ body }: ApiResponse): string | undefined {
  if (body.type === "bytes") return body.bytes.length > prettyBytesMax ? undefined : Buffer.from(body.bytes).toString();
  if (body.type !== "parts" || body.length > prettyBytesMax) return undefined;
  return wholeOf(body).toString();
}
